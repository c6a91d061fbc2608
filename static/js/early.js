// Runs before the first paint: the chosen theme must be known, and styles for scripts apply from the start.
try {
  const theme = localStorage.theme;
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Storage is closed to this page: the system's theme applies.
}
document.documentElement.classList.add("js");
