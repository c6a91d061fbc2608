const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The same request as a command for a POSIX shell; single quotes keep every other character as it is. */
export function curlCommand({ method, url, headers, body }) {
  const parts = [`curl -i ${method === "GET" ? "" : method === "HEAD" ? "--head " : `-X ${method} `}${quote(url)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  if (body) parts.push(`--data-raw ${quote(body)}`);
  return parts.join(" \\\n  ");
}
