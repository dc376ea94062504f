// Behaviour of the frame and the components; every page loads it. Nothing here holds a business rule.
(function () {
  const text = (name) => document.body.dataset[`text${name}`] || "";

  // Messages -------------------------------------------------------------------------------------
  function passBy(toast) {
    setTimeout(() => toast.remove(), Number(toast.dataset.toast) || 6000);
  }

  function toast(message, level) {
    const box = document.querySelector("[data-toasts]");
    if (!box || !message) return;
    const element = document.createElement("div");
    element.className = `zq-toast is-${level || "info"}`;
    element.setAttribute("role", level === "danger" ? "alert" : "status");
    const words = document.createElement("span");
    words.textContent = message;
    element.append(words);
    box.append(element);
    passBy(element);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (button) button.closest("[data-toast], [data-dismissable]").remove();
  });

  // Dialogs --------------------------------------------------------------------------------------
  function confirmFirst(question, proceed, isDanger) {
    const dialog = document.getElementById("zq-confirm");
    dialog.querySelector(".zq-dialog-text").textContent = question;
    const yes = dialog.querySelector("[data-confirm-yes]");
    yes.classList.toggle("btn-danger", Boolean(isDanger));
    yes.classList.toggle("btn-primary", !isDanger);
    dialog.returnValue = "";
    dialog.addEventListener("close", () => dialog.returnValue === "confirm" && proceed(), { once: true });
    dialog.showModal();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const asker = event.submitter && event.submitter.dataset.confirm ? event.submitter : form;
    if (!asker.dataset.confirm || form.dataset.confirmed) {
      delete form.dataset.confirmed;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const submitter = event.submitter;
    confirmFirst(asker.dataset.confirm, () => {
      form.dataset.confirmed = "1";
      form.requestSubmit(submitter);
    }, asker.dataset.confirmLevel === "danger");
  }, true);

  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    confirmFirst(event.detail.question, () => event.detail.issueRequest(true));
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      event.preventDefault();
      const dialog = document.querySelector(opener.dataset.dialogOpen);
      if (dialog) dialog.showModal();
      return;
    }
    const closer = event.target.closest("[data-dialog-close]");
    if (closer) closer.closest("dialog").close();
    else if (event.target.matches && event.target.matches("dialog.zq-dialog")) event.target.close();
  });

  // A form is sent once, however often the button is pressed; "back" brings the button to life again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "dialog" || form.method === "get") return;
    if (form.dataset.sent) event.preventDefault();
    else form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });

  // Theme ----------------------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-theme-form]") || !event.submitter) return;
    event.preventDefault();
    const form = event.target;
    delete form.dataset.sent;
    window.zqTheme.set(event.submitter.value);
    form.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(b === event.submitter)));
    if (form.getAttribute("action")) {
      fetch(form.action, { method: "POST", body: new FormData(form, event.submitter), redirect: "manual", headers: { "X-Requested-With": "fetch" } });
    }
  }, true);

  // htmx -----------------------------------------------------------------------------------------
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = document.querySelector("meta[name=csrf-token]").content;
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const login = document.body.dataset.loginUrl;
    const answered = event.detail.xhr.responseURL;
    if (login && answered && new URL(answered).pathname === login) {
      event.detail.shouldSwap = false;
      const here = location.pathname + location.search;
      location.assign(`${login}?next=${encodeURIComponent(here)}`);
    }
  });

  document.addEventListener("htmx:responseError", (event) => {
    if (isBackground(event)) return;
    let reason = "";
    try {
      reason = JSON.parse(event.detail.xhr.responseText).detail;
    } catch (error) {
      reason = text("Error");
    }
    toast(reason || text("Error"), "danger");
  });
  document.addEventListener("htmx:sendError", (event) => isBackground(event) || toast(text("Offline"), "danger"));

  function isBackground(event) {
    const headers = event.detail.requestConfig && event.detail.requestConfig.headers;
    return Boolean(headers && headers["X-Background"]);
  }

  // Search ---------------------------------------------------------------------------------------
  const search = document.querySelector("[data-search]");
  if (search) {
    const input = search.querySelector("input");
    const results = search.querySelector(".zq-search-results");
    const hits = () => [...results.querySelectorAll("a")];
    const show = (isOpen) => {
      results.hidden = !isOpen;
      input.setAttribute("aria-expanded", String(isOpen));
    };
    const select = (step) => {
      const all = hits();
      if (!all.length) return;
      const at = all.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
      const next = all[(at + step + all.length + (at < 0 && step < 0 ? 1 : 0)) % all.length];
      all.forEach((hit) => hit.setAttribute("aria-selected", String(hit === next)));
      next.scrollIntoView({ block: "nearest" });
    };
    results.addEventListener("htmx:afterSwap", () => {
      if (!results.textContent.trim()) {
        const nothing = document.createElement("div");
        nothing.className = "zq-search-group";
        nothing.textContent = text("None");
        results.replaceChildren(nothing);
      }
      hits().forEach((hit) => hit.setAttribute("role", "option"));
      show(Boolean(input.value.trim()));
    });
    input.addEventListener("input", () => input.value.trim() || show(false));
    input.addEventListener("focus", () => input.value.trim() && results.childElementCount && show(true));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        if (results.hidden) input.blur();
        show(false);
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        select(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Enter") {
        const chosen = results.hidden ? null : results.querySelector("[aria-selected=true]");
        if (chosen) {
          event.preventDefault();
          location.assign(chosen.href);
        }
      }
    });
    document.addEventListener("click", (event) => search.contains(event.target) || show(false));
    const isApple = /Mac|iPhone|iPad/.test(navigator.platform);
    search.querySelector("[data-shortcut-hint]").textContent = isApple ? "⌘K" : "Ctrl K";
    document.addEventListener("keydown", (event) => {
      const isTyping = event.target.closest("input, textarea, select, [contenteditable=true]");
      const isCommand = (event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k";
      if (isCommand || (event.key === "/" && !isTyping && !event.metaKey && !event.ctrlKey)) {
        event.preventDefault();
        input.focus();
        input.select();
      }
    });
  }

  // Filters, copying, rows -----------------------------------------------------------------------
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-auto-submit]");
    if (!form || event.target.closest(".zq-more")) return; // what is folded is sent together, by its button
    if (event.target.matches("[type=search], [type=text], [data-no-submit]")) return;
    if (event.target.matches("[type=date]") && !event.target.validity.valid) return;
    form.requestSubmit();
  });

  // On a phone the filters are folded away behind their button.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-unfold]");
    if (!button) return;
    const isOpen = button.nextElementSibling.classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(isOpen));
  });

  // The folded filters close when one goes elsewhere, or with Escape.
  document.addEventListener("click", (event) => {
    for (const more of document.querySelectorAll(".zq-more[open]")) {
      if (!more.contains(event.target)) more.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const more = event.key === "Escape" && event.target.closest(".zq-more[open]");
    if (!more) return;
    more.open = false;
    more.querySelector("summary").focus();
  });

  // A filter left empty stays out of the address, so that addresses can be read and kept.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("form[data-clean-query]")) return;
    for (const [name, value] of [...event.formData.entries()]) {
      if (value === "") event.formData.delete(name);
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    const value = source ? source.value || source.textContent.trim() : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(value);
      toast(text("Copied"), "success");
    } catch (error) {
      if (source && source.select) source.select();
    }
  });

  document.addEventListener("change", (event) => {
    const box = event.target.closest("[data-select-all], [data-select-row]");
    if (!box) return;
    const list = box.closest("[data-list]");
    const rows = [...list.querySelectorAll("[data-select-row]")];
    const all = list.querySelector("[data-select-all]");
    if (box === all) rows.forEach((row) => { row.checked = all.checked; });
    const chosen = rows.filter((row) => row.checked).length;
    all.checked = chosen > 0 && chosen === rows.length;
    all.indeterminate = chosen > 0 && chosen < rows.length;
    const bar = list.querySelector("[data-bulk]");
    if (bar) {
      bar.hidden = !chosen;
      bar.querySelector("[data-bulk-count]").textContent = chosen;
    }
  });

  // Customer search (Tom Select, on pages that load it) -------------------------------------------
  function initSelects(root) {
    if (!window.TomSelect) return;
    root.querySelectorAll("[data-customer-search]:not(.tomselected)").forEach((element) => {
      new window.TomSelect(element, {
        valueField: "id",
        labelField: "name",
        searchField: [],
        maxOptions: 20,
        loadThrottle: 200,
        shouldLoad: (query) => query.trim().length > 0,
        load(query, callback) {
          const url = new URL(element.dataset.customerSearch, location.origin);
          url.searchParams.set(element.dataset.queryParameter || "search", query);
          fetch(url, { headers: { Accept: "application/json" } })
            .then((answer) => (answer.ok ? answer.json() : { results: [] }))
            .then((body) => callback(body.results || body))
            .catch(() => callback());
        },
        render: {
          option: (row, escape) => `<div>${escape(row.name)}<span class="zq-faint">${escape(row.code || "")}</span></div>`,
          item: (row, escape) => `<div>${escape(row.name)}</div>`,
          no_results: () => `<div class="no-results">${text("None")}</div>`,
        },
      });
    });
  }

  function init(root) {
    root.querySelectorAll("[data-toast]").forEach(passBy);
    initSelects(root);
  }
  document.addEventListener("htmx:afterSwap", (event) => init(event.detail.target));
  // Scripts that a page adds (Tom Select) stand after this one: begin when all of them are there.
  document.addEventListener("DOMContentLoaded", () => init(document));
  window.zq = { toast, init };
})();
