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
