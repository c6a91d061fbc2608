/** The labs' HTTP interface (see /openapi.json). Every refusal becomes a `Problem` with the server's own words. */

export class Problem extends Error {
  /**
   * @param {{status?: number, title?: string, detail?: string, labs?: {title: string, page: string}[]}} body
   *   problem+json, RFC 9457
   * @param {string | null} [retryAfter] seconds, as the header of that name tells them
   */
  constructor(body, retryAfter) {
    super(
      [body.title, body.detail, again(Number(retryAfter))].filter(Boolean).map(sentence).join(" ") ||
        "The server gave no reason.",
    );
    this.status = body.status ?? 0;
    this.labs = body.labs ?? [];
  }
}

function again(seconds) {
  if (!seconds) return "";
  return `Try again in ${seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`}.`;
}

function sentence(text) {
  return /[.?!…]$/.test(text) ? text : `${text}.`;
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
