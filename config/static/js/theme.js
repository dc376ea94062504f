// Sets light or dark before the first paint; "auto" follows the system.
(function () {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    const choice = root.dataset.theme || "auto";
    const theme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    if (root.getAttribute("data-bs-theme") !== theme) {
      root.setAttribute("data-bs-theme", theme);
      document.dispatchEvent(new CustomEvent("zq:theme", { detail: theme }));
    }
  }
  window.zqTheme = {
    set(choice) {
      root.dataset.theme = choice;
      document.cookie = `theme=${choice};path=/;max-age=31536000;samesite=lax`;
      apply();
    },
  };
  dark.addEventListener("change", apply);
  apply();
})();
