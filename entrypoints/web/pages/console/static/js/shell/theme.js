/** Light or dark: the system's choice, until someone presses the button; that is remembered. */
import { recall, remember } from "../shared/memory.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** @param {HTMLButtonElement} button */
export function startTheme(button) {
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    remember("theme", theme);
    show();
  });
  dark.addEventListener("change", show);
  show();
}

function isDark() {
  const chosen = document.documentElement.dataset.theme ?? recall("theme");
  return chosen ? chosen === "dark" : dark.matches;
}
