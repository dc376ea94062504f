// Declarative charts: <div data-chart="KIND" data-source="id of a json_script">. Every bar is a link.
//
// Amounts are strings as in the API; they become numbers only to be drawn. Colours come from CSS
// variables, so a chart follows the theme; it is drawn again when the theme changes.
//
//   aging-bars    {rows: [{label, amount, colour, url}], currency}
//   aging-months  {categories: [{label, url}], series: [{label, colour, amounts, urls?}],
//                  line: {label, values: [0.247, null, …]}, currency}
//   aging-owners  {categories: [{label, url}], series: [{label, colour, amounts, urls?}], currency}
//   sparkline     {points: [{label, value, url?}], format: "percent" | "days" | "money"}
(function () {
  const charts = new Map();
  const isChinese = () => document.documentElement.lang.toLowerCase().startsWith("zh");
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const age = (index) => css(`--age-${index}`);

  // Figures --------------------------------------------------------------------------------------
  const grouped = (value, places) =>
    value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places }).replace("-", "\u2212");

  function compact(value) {
    const size = Math.abs(value);
    const steps = isChinese()
      ? [[1e10, 1e8, " 亿"], [1e4, 1e4, " 万"]]
      : [[1e9, 1e9, "B"], [1e6, 1e6, "M"], [1e4, 1e3, "K"]];
    const step = steps.find(([limit]) => size >= limit);
    return step ? grouped(value / step[1], 1) + step[2] : grouped(value, 0);
  }

  function axisUnit(largest) {
    const steps = isChinese()
      ? [[1e9, 1e8, "亿"], [1e5, 1e4, "万"]]
      : [[2e9, 1e9, "B"], [2e6, 1e6, "M"], [2e3, 1e3, "K"]];
    const step = steps.find(([limit]) => largest >= limit) || [0, 1, ""];
    return { divisor: step[1], word: step[2] };
  }

  const percent = (ratio) => `${grouped(ratio * 100, 1)}%`;
  const formats = {
    money: (value) => grouped(value, 2),
    percent,
    days: (value) => `${grouped(value, 1)}${isChinese() ? " 天" : " d"}`,
  };

  const escaped = (words) => {
    const element = document.createElement("span");
    element.textContent = words;
    return element.innerHTML;
  };

  // What all charts share ------------------------------------------------------------------------
  const base = () => ({
    animation: false,
    backgroundColor: "transparent",
    aria: { enabled: true },
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: css("--zq-soft") },
    tooltip: {
      confine: true,
      backgroundColor: css("--zq-surface"),
      borderColor: css("--zq-line"),
      padding: [6, 10],
      textStyle: { color: css("--zq-text"), fontSize: 12 },
    },
  });
  const categoryAxis = (data, extra) => ({
    type: "category",
    data,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: css("--zq-faint") } },
    axisLabel: { color: css("--zq-soft"), fontSize: 12, hideOverlap: true },
    ...extra,
  });
  const splitLine = () => ({ lineStyle: { color: css("--zq-chart-grid") } });
  const tooltipRow = (mark, name, value) =>
    `<div style="display:flex;gap:12px;justify-content:space-between"><span>${mark}${escaped(name)}</span><span style="font-variant-numeric:tabular-nums">${value}</span></div>`;
  const legend = (names) => ({
    data: names,
    top: 0,
    left: "center",
    itemWidth: 9,
    itemHeight: 9,
    itemGap: 8,
    textStyle: { color: css("--zq-soft"), fontSize: 12 },
  });

  // How high a legend becomes when it wraps, so that the drawing begins below it.
  const pen = document.createElement("canvas").getContext("2d");
  function legendHeight(names, width) {
    pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    let rows = 1;
    let used = 0;
    names.forEach((name) => {
      const needed = pen.measureText(name).width + 9 + 5 + 8;
      if (used + needed > width - 10 && used) {
        rows += 1;
        used = 0;
      }
      used += needed;
    });
    return rows * 24;
  }

  function stackedTooltip(data) {
    const names = data.series.map((one) => one.label);
    return (points) => {
      const bars = points.filter((p) => names.includes(p.seriesName) && p.seriesType === "bar");
      const total = bars.reduce((sum, p) => sum + p.value, 0);
      const rows = bars.filter((p) => p.value).map((p) => tooltipRow(p.marker, p.seriesName, formats.money(p.value)));
      const line = points.find((p) => p.seriesType === "line");
      const share = line && line.value !== null && line.value !== undefined ? tooltipRow(line.marker, line.seriesName, percent(line.value)) : "";
      const title = escaped(points[0].axisValueLabel);
      return `<b>${title}</b>${rows.join("")}${tooltipRow("", isChinese() ? "合计" : "Total", `<b>${formats.money(total)}</b>`)}${share}`;
    };
  }

  const stackedSeries = (data, extra) =>
    data.series.map((one) => ({
      name: one.label,
      type: "bar",
      stack: "age",
      cursor: "pointer",
      itemStyle: { color: age(one.colour) },
      emphasis: { focus: "none" },
      data: one.amounts.map(Number),
      ...extra,
    }));

  const urlOfStack = (data) => (point) => {
    const series = data.series[point.seriesIndex];
    if (series && series.urls && series.urls[point.dataIndex]) return series.urls[point.dataIndex];
    return data.categories[point.dataIndex].url;
  };

  const stackTotals = (data) =>
    data.categories.map((_, at) => data.series.reduce((sum, one) => sum + Math.max(0, Number(one.amounts[at])), 0));

  // Kinds ----------------------------------------------------------------------------------------
  const kinds = {
    "aging-bars"(data) {
      const amounts = data.rows.map((row) => Number(row.amount));
      const whole = amounts.reduce((sum, one) => sum + one, 0);
      const label = (p) => `${compact(p.value)}  ${whole ? percent(p.value / whole) : ""}`;
      return {
        url: (point) => data.rows[point.dataIndex].url,
        option: {
          grid: { left: 4, right: 118, top: 6, bottom: 4, containLabel: true },
          tooltip: { formatter: (p) => `<b>${escaped(p.name)}</b>${tooltipRow(p.marker, data.currency || "", formats.money(p.value))}` },
          xAxis: { type: "value", show: false, min: (range) => Math.min(0, range.min) },
          yAxis: categoryAxis(data.rows.map((row) => row.label), {
            inverse: true,
            axisLine: { show: false },
            triggerEvent: true,
            axisLabel: { color: css("--zq-text"), fontSize: 12.5, interval: 0 },
          }),
          series: [{
            type: "bar",
            barMaxWidth: 17,
            barMinWidth: 10,
            cursor: "pointer",
            data: data.rows.map((row, at) => ({ value: amounts[at], itemStyle: { color: age(row.colour), borderRadius: 3 } })),
            label: { show: true, position: "right", color: css("--zq-soft"), fontSize: 12, formatter: label },
            labelLayout: { hideOverlap: false },
          }],
        },
      };
    },

    "aging-months"(data, width) {
      const unit = axisUnit(Math.max(0, ...stackTotals(data)));
      const share = data.line && {
        name: data.line.label,
        type: "line",
        yAxisIndex: 1,
        symbol: "circle",
        symbolSize: 6,
        connectNulls: false,
        itemStyle: { color: css("--zq-surface"), borderColor: css("--zq-chart-line"), borderWidth: 1.5 },
        lineStyle: { color: css("--zq-chart-line"), width: 1.5 },
        data: data.line.values.map((one) => (one === null ? null : Number(one))),
        z: 5,
      };
      const names = [...data.series.map((one) => one.label), ...(share ? [share.name] : [])];
      return {
        url: urlOfStack(data),
        option: {
          grid: { left: 4, right: 4, top: legendHeight(names, width) + 22, bottom: 2, containLabel: true },
          legend: legend(names),
          tooltip: { trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { opacity: 0.08 } }, formatter: stackedTooltip(data) },
          xAxis: categoryAxis(data.categories.map((one) => one.label)),
          yAxis: [
            {
              type: "value",
              name: [unit.word, data.currency].filter(Boolean).join(" "),
              nameTextStyle: { color: css("--zq-faint"), align: "left", padding: [0, 0, 0, -26] },
              nameGap: 10,
              axisLabel: { color: css("--zq-soft"), formatter: (value) => grouped(value / unit.divisor, value / unit.divisor % 1 ? 1 : 0) },
              splitLine: splitLine(),
            },
            {
              type: "value",
              show: Boolean(share),
              min: 0,
              axisLabel: { color: css("--zq-soft"), formatter: (value) => `${Math.round(value * 100)}%` },
              splitLine: { show: false },
            },
          ],
          series: [...stackedSeries(data, { barMaxWidth: 26, barCategoryGap: "42%" }), ...(share ? [share] : [])],
        },
      };
    },

    "aging-owners"(data, width) {
      const totals = stackTotals(data);
      const names = data.series.map((one) => one.label);
      const series = stackedSeries(data, { barMaxWidth: 15 });
      const last = series.length;
      const sums = {
        type: "bar",
        stack: "age",
        name: "",
        silent: true,
        data: totals.map(() => 0),
        label: { show: true, position: "right", color: css("--zq-soft"), fontSize: 12, formatter: (p) => compact(totals[p.dataIndex]) },
      };
      return {
        url: (point) => (point.seriesIndex === last ? undefined : urlOfStack(data)(point)),
        option: {
          grid: { left: 4, right: 76, top: legendHeight(names, width) + 4, bottom: 2, containLabel: true },
          legend: legend(names),
          tooltip: { trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { opacity: 0.08 } }, formatter: stackedTooltip(data) },
          xAxis: { type: "value", show: false },
          yAxis: categoryAxis(data.categories.map((one) => one.label), {
            inverse: true,
            axisLine: { show: false },
            triggerEvent: true,
            axisLabel: { color: css("--zq-text"), fontSize: 12.5, interval: 0, width: 130, overflow: "truncate" },
          }),
          series: [...series, sums],
        },
      };
    },

    sparkline(data) {
      const colour = css("--tblr-primary");
      const format = formats[data.format] || formats.money;
      return {
        url: (point) => data.points[point.dataIndex].url,
        option: {
          grid: { left: 2, right: 3, top: 3, bottom: 3 },
          tooltip: {
            trigger: "axis",
            confine: false,
            appendTo: "body",
            formatter: ([p]) => `${escaped(p.axisValueLabel)} <b>${p.value === null || p.value === undefined ? "n/a" : format(p.value)}</b>`,
          },
          xAxis: { type: "category", show: false, boundaryGap: false, data: data.points.map((one) => one.label) },
          yAxis: { type: "value", show: false, scale: true },
          series: [{
            type: "line",
            showSymbol: false,
            data: data.points.map((one) => (one.value === null ? null : Number(one.value))),
            lineStyle: { color: colour, width: 1.5 },
            itemStyle: { color: colour },
            areaStyle: { color: colour, opacity: 0.08 },
          }],
        },
      };
    },
  };

  // Drawing --------------------------------------------------------------------------------------
  function merge(one, other) {
    const merged = { ...one };
    for (const [key, value] of Object.entries(other)) {
      const isPlain = value && typeof value === "object" && !Array.isArray(value);
      merged[key] = isPlain && one[key] ? { ...one[key], ...value } : value;
    }
    return merged;
  }

  function follow(plan, data) {
    return (point) => {
      let url;
      if (point.componentType === "yAxis") {
        const rows = data.rows || data.categories;
        url = (rows.find((row) => row.label === point.value) || {}).url;
      } else {
        url = plan.url(point);
      }
      if (url) location.assign(url);
    };
  }

  // Bars that lie need a height by their number, unless the page gave one.
  function fitHeight(element, data, width) {
    const isOwners = element.dataset.chart === "aging-owners";
    const rows = (data.rows || (isOwners ? data.categories : [])).length;
    if (!rows || (element.style.height && !element.dataset.fitted)) return;
    const head = isOwners ? legendHeight(data.series.map((one) => one.label), width) : 12;
    element.dataset.fitted = "1";
    element.style.height = `${Math.max(4, rows) * 32 + head + 6}px`;
  }

  function draw(element) {
    const source = document.getElementById(element.dataset.source);
    const kind = kinds[element.dataset.chart];
    if (!source || !kind) return;
    const data = JSON.parse(source.textContent);
    const known = charts.get(element);
    if (known) known.chart.dispose();
    else observer.observe(element);
    const width = element.clientWidth;
    fitHeight(element, data, width);
    const chart = window.echarts.init(element, null, { renderer: "svg" });
    const plan = kind(data, width);
    chart.setOption(merge(base(), plan.option));
    chart.on("click", follow(plan, data));
    charts.set(element, { chart, width });
    const label = element.getAttribute("aria-label");
    if (label) element.setAttribute("role", "img");
  }

  const observer = new ResizeObserver((entries) => {
    entries.forEach(({ target }) => {
      const known = charts.get(target);
      if (!known || !target.clientWidth) return;
      if (known.width === target.clientWidth) known.chart.resize();
      else draw(target);
    });
  });

  const drawAll = (root) => root.querySelectorAll("[data-chart]").forEach(draw);
  document.addEventListener("zq:theme", () => charts.forEach((_, element) => draw(element)));
  document.addEventListener("htmx:afterSwap", (event) => {
    charts.forEach(({ chart }, element) => {
      if (element.isConnected) return;
      chart.dispose();
      observer.unobserve(element);
      charts.delete(element);
    });
    drawAll(event.detail.target);
  });
  drawAll(document);
})();
