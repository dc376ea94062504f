// The ledger's pages: amounts that add up while they are typed, buckets that name themselves.
// Amounts are counted in whole cents, so that nothing is lost to fractions.
(function () {
  const cents = (text) => {
    const plain = String(text || "").replace(/,/g, "").trim();
    const found = /^(\d+)(?:\.(\d{1,2}))?$/.exec(plain);
    return found ? BigInt(found[1]) * 100n + BigInt((found[2] || "0").padEnd(2, "0")) : 0n;
  };
  const written = (amount) => {
    const size = amount < 0n ? -amount : amount;
    const whole = (size / 100n).toString();
    return `${amount < 0n ? "-" : ""}${whole}.${(size % 100n).toString().padStart(2, "0")}`;
  };
  const shown = (amount) => written(amount).replace(/\B(?=(\d{3})+(?!\d))/g, ",").replace("-", "\u2212");

  // A dialog whose form was refused opens again with what was wrong.
  document.querySelectorAll("dialog").forEach((dialog) => {
    if (dialog.querySelector(".zq-error, .zq-banner.is-danger")) dialog.showModal();
  });

  // Applying a receipt -----------------------------------------------------------------------------
  document.querySelectorAll("form[data-allocate]").forEach((form) => {
    const available = cents(form.dataset.available);
    const rows = [...form.querySelectorAll("tbody tr")].map((row) => ({
      box: row.querySelector("[data-pay]"),
      field: row.querySelector("[data-amount]"),
      open: cents(row.querySelector("[data-open]").dataset.open),
    }));
    const left = document.querySelector("[data-left]");
    const rest = () => rows.reduce((sum, row) => sum - cents(row.field.value), available);

    function show() {
      const amount = rest();
      if (left) {
        left.textContent = shown(amount);
        left.classList.toggle("text-danger", amount < 0n);
      }
      rows.forEach((row) => {
        row.field.classList.toggle("is-invalid", cents(row.field.value) > row.open);
        row.box.checked = cents(row.field.value) > 0n;
      });
    }

    rows.forEach((row) => {
      row.field.addEventListener("input", show);
      row.box.addEventListener("change", () => {
        const free = rest();
        const part = row.open < free ? row.open : free;
        row.field.value = row.box.checked && part > 0n ? written(part) : "";
        show();
      });
    });
    const oldest = form.querySelector("[data-fill-oldest]");
    const day = form.querySelector("[name=effective_date]");
    const keepDay = () => {
      const address = new URL(oldest.href);
      address.searchParams.set("effective_date", day.value);
      oldest.href = address.toString();
    };
    if (oldest) day.addEventListener("change", keepDay);
    show();
  });

  // Aging schemes ----------------------------------------------------------------------------------
  document.querySelectorAll("form[data-scheme]").forEach((form) => {
    const body = form.querySelector("[data-buckets]");
    const template = form.querySelector("template");
    const rows = () => [...body.querySelectorAll("tr")];
    const upper = (row) => row.querySelector("[data-upper]");
    const unit = (row) => row.querySelector("[data-unit]");
    const days = (row) => (upper(row).value === "" ? null : Number(upper(row).value) * (unit(row).value === "years" ? 365 : 1));

    function name(row, below) {
      const words = form.dataset;
      if (!below) return words.notDue;
      const isYears = unit(row).value === "years";
      const belowYears = unit(below).value === "years";
      if (upper(row).value === "") {
        return belowYears ? words.overYears.replace("#", upper(below).value) : words.overDays.replace("#", upper(below).value);
      }
      if (isYears && belowYears) return words.years.replace("#", `${upper(below).value}–${upper(row).value}`);
      return `${(days(below) || 0) + 1}–${days(row)}`;
    }

    function problem(row, below, isLast) {
      if (!below) return upper(row).value === "0" ? "" : form.dataset.errorFirst;
      if (upper(row).value === "") return isLast ? "" : form.dataset.errorOpen;
      if (isLast) return form.dataset.errorLast;
      return days(below) !== null && days(row) <= days(below) ? form.dataset.errorOverlap : "";
    }

    function show() {
      const all = rows();
      all.forEach((row, at) => {
        const below = at ? all[at - 1] : null;
        row.querySelector("[data-name]").textContent = name(row, below);
        const words = problem(row, below, at === all.length - 1);
        const place = row.querySelector("[data-problem]");
        place.textContent = words;
        place.hidden = !words;
        upper(row).classList.toggle("is-invalid", Boolean(words));
        row.querySelector("[data-remove]").hidden = at === 0 || all.length <= 3;
      });
    }

    body.addEventListener("input", show);
    body.addEventListener("change", show);
    body.addEventListener("click", (event) => {
      const button = event.target.closest("[data-remove]");
      if (!button) return;
      button.closest("tr").remove();
      show();
    });
    form.querySelector("[data-add]").addEventListener("click", () => {
      const all = rows();
      const last = all[all.length - 1];
      const added = template.content.firstElementChild.cloneNode(true);
      const below = all[all.length - 2];
      if (!below) {
        body.append(added);
        show();
        return;
      }
      body.insertBefore(added, last);
      unit(added).value = unit(below).value;
      upper(added).value = String(Number(upper(below).value) + (unit(below).value === "years" ? 1 : 30));
      upper(added).focus();
      show();
    });
    show();
  });
})();
