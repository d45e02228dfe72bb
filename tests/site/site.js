// What the theme's script leaves to be found by axe-core: code that no keyboard can scroll where no pointer hovers, and
// a landmark without a name around each copy button.
const repair = () => {
  for (const code of document.querySelectorAll("pre > code:not([tabindex])")) code.tabIndex = 0;
  for (const nav of document.querySelectorAll(".md-code__nav:not([role])")) nav.setAttribute("role", "none");
};
const changes = { attributes: true, attributeFilter: ["tabindex"], childList: true, subtree: true };
new MutationObserver(repair).observe(document.body, changes);
