// Tell the views in frames which theme the reader chose, by the attribute of JupyterLab that they follow.

addEventListener("DOMContentLoaded", () => {
  const { body } = document;
  const tell = () => {
    if (body.dataset.theme === "auto") delete body.dataset.jpThemeLight;
    else body.dataset.jpThemeLight = body.dataset.theme === "light";
  };
  new MutationObserver(tell).observe(body, { attributeFilter: ["data-theme"] });
  tell();
});
