// A dialog that htmx has fetched into its place is opened there; what the server refused stays open.
(function () {
  document.addEventListener("htmx:afterSwap", (event) => {
    const place = event.target.closest && event.target.closest("[data-dialog-place]");
    if (!place) return;
    const dialog = place.querySelector("dialog");
    if (!dialog || dialog.open) return;
    dialog.showModal();
    const first = dialog.querySelector("[autofocus], select, textarea, input:not([type=hidden])");
    if (first) first.focus();
  });

  // A job that has just ended changed the page's figures: show them.
  document.addEventListener("zq:job-finished", (event) => {
    if (event.target.closest && event.target.closest("[data-reload-when-done]")) location.reload();
  });
})();
