/** The labs' HTTP interface (see /openapi.json). */

export class Problem extends Error {
  /**
   * @param {{status?: number, title?: string, detail?: string, labs?: {title: string, page: string}[]}} body
   *   problem+json, RFC 9457
   * @param {string | null} [retryAfter] seconds, from the header of that name
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
  return `Try again in ${seconds < 100 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`}.`;
}

function sentence(text) {
  return /[.?!…]$/.test(text) ? text : `${text}.`;
}

async function ask(url, options) {
  try {
    return await fetch(url, options);
  } catch {
    throw new Problem({ title: "The site cannot be reached.", detail: "Check that it is still running." });
  }
}

/** The answer's JSON; null if it has none. Throws a `Problem` with the server's own message if there is one. */
export async function call(method, url, body) {
  const response = await ask(url, {
    method,
    headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  const answer = response.status === 204 ? null : await response.json().catch(() => ({ title: response.statusText }));
  if (!response.ok) {
    throw new Problem({ status: response.status, ...answer }, response.headers.get("Retry-After"));
  }
  // A slow answer starts before the server knows whether it will fail, so its body carries the failure.
  if (typeof answer?.status === "number" && answer.status >= 400) throw new Problem(answer);
  return answer;
}

/** A part of a page as HTML. Throws a `Problem` that says `refusal` if it is refused. */
export async function readPart(url, refusal) {
  const response = await ask(url, { headers: { Accept: "text/html" } });
  if (!response.ok) throw new Problem({ title: refusal });
  return response.text();
}

export const createLab = (url, pattern) => call("POST", url, { pattern });
export const readLab = (id) => call("GET", `/labs/${id}`);
export const deleteLab = (id) => call("DELETE", `/labs/${id}`);
export const extendLab = (id) => call("POST", `/labs/${id}/extend`);
export const useLab = (id) => call("POST", `/labs/${id}/use`);
export const readSteps = (id) => call("GET", `/labs/${id}/steps`);
export const runStep = (id, step, saved) => call("POST", `/labs/${id}/steps/${step}`, { saved });
export const keepRun = (id, trace) => call("POST", `/labs/${id}/runs`, { trace });
export const resetLevers = (id) => call("POST", `/labs/${id}/levers`, { do: "release" });
export const moveLever = (id, lever, what) => call("POST", `/labs/${id}/levers/${lever}`, { do: what });
export const readBoard = (id) => readPart(`/labs/${id}/levers?part=board`, "The levers could not be read.");
