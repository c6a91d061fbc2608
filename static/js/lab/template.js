const builtIns = {
  uuid: () => crypto.randomUUID(),
  n: () => "1",
  now: () => String(Math.floor(Date.now() / 1000)),
};

/** Replace `{{name}}` by what an earlier step saved or by a built-in; an unknown name stays, to be seen and filled in. */
export function fill(text, saved) {
  return text.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name) =>
    name in saved ? String(saved[name]) : name in builtIns ? builtIns[name]() : whole,
  );
}

/** Where a request goes: a path below the endpoint, or a whole address that an answer has named. */
export function addressOf(endpoint, request, saved) {
  const path = fill(request.path, saved);
  return request.path.startsWith("/") ? endpoint + path : path;
}

/** A request's headers as they are sent: JSON says that it is JSON, as the server does when it takes the step. */
export function headersOf(request, saved) {
  const given = Object.entries(request.headers ?? {}).map(([name, value]) => [name, fill(value, saved)]);
  const silent = !given.some(([name]) => name.toLowerCase() === "content-type");
  const kind = request.json != null ? "application/json" : !request.form && request.file?.type;
  return Object.fromEntries(silent && kind ? [["Content-Type", kind], ...given] : given);
}
