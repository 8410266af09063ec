// Tell RequireJS where the widgets' modules lie, so that none is fetched from a CDN.
// Loaded between require.js and embed-amd.js (see _config.yml).
(() => {
  const widgets = new URL("vendor/widgets/", document.currentScript.src).href;
  const folder = widgets.replace(/\/$/, "");
  window.requirejs.config({
    paths: {
      anywidget: widgets + "anywidget",
      "@jupyter-widgets": folder, // icon fonts of the controls
      "@jupyter-widgets/html-manager/dist": folder,
    },
  });
})();

// The widget manager still calls MathJax 2's queue; hand the call to MathJax 3.
window.addEventListener("load", () => {
  const mathjax = window.MathJax;
  if (!mathjax || mathjax.Hub) return;
  const run = (job) => {
    if (Array.isArray(job) && job[0] === "Typeset" && mathjax.typesetPromise)
      mathjax.typesetPromise(job[2] ? [job[2]] : undefined);
  };
  mathjax.Hub = { Queue: (...jobs) => jobs.forEach(run) };
});
