const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** A command that prints a file of so many bytes. */
function content({ bytes, begins = "" }) {
  const octal = [...begins].map((one) => `\\${one.charCodeAt(0).toString(8).padStart(3, "0")}`).join("");
  const zeros = `head -c ${bytes - begins.length} /dev/zero`;
  return octal ? `{ printf ${quote(octal)}; ${zeros}; }` : zeros;
}

/** The same request as a command for a POSIX shell; single quotes keep every other character as it is. */
export function curlCommand({ method, url, headers, body, form, file }) {
  const parts = [`curl -i ${method === "GET" ? "" : method === "HEAD" ? "--head " : `-X ${method} `}${quote(url)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  if (body) parts.push(`--data-raw ${quote(body)}`);
  if (file) parts.push("-H Expect:");
  for (const [name, value] of Object.entries(form ?? {})) parts.push(`--form-string ${quote(`${name}=${value}`)}`);
  if (form) parts.push(`-F ${quote(`file=@-;type=${file.type};filename=${file.name ?? "file"}`)}`);
  else if (file) parts.push("--data-binary @-");
  return (file ? `${content(file)} | ` : "") + parts.join(" \\\n  ");
}
