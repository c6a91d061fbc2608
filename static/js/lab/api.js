/** The labs' HTTP interface (see /openapi.json). Every refusal becomes a `Problem` with the server's own words. */

export class Problem extends Error {
  /** @param {{status?: number, title?: string, detail?: string}} body problem+json, RFC 9457 */
  constructor(body, retryAfter) {
    super([body.title, body.detail].filter(Boolean).join(" ") || "The server gave no reason.");
    this.status = body.status ?? 0;
    this.retryAfter = retryAfter;
  }
}

async function call(method, url, body) {
  let response;
  try {
    response = await fetch(url, {
      method,
      headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Problem({ title: "The site cannot be reached.", detail: "Is it still running?" });
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => ({ title: response.statusText }));
  if (!response.ok) {
    throw new Problem({ status: response.status, ...answer }, response.headers.get("Retry-After"));
  }
  return answer;
}

export const createLab = (url, pattern) => call("POST", url, { pattern });
export const readLab = (id) => call("GET", `/labs/${id}`);
export const deleteLab = (id) => call("DELETE", `/labs/${id}`);
export const extendLab = (id) => call("POST", `/labs/${id}/extend`);
export const runStep = (id, step, saved) => call("POST", `/labs/${id}/steps/${step}`, { saved });
export const keepRun = (id, trace) => call("POST", `/labs/${id}/runs`, { trace });
export const moveLever = (id, lever, what) => call("POST", `/labs/${id}/levers/${lever}`, { do: what });

/** The board of levers as HTML. */
export async function readBoard(id) {
  const response = await fetch(`/labs/${id}/levers?part=board`);
  if (!response.ok) throw new Problem({ title: "The levers could not be read." });
  return response.text();
}
