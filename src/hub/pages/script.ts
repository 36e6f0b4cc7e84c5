// The islands: all that pages do by script. Without it everything can be read and every form sent.

export const SCRIPT = `'use strict';
document.documentElement.classList.add('scripted');
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-copy]');
  if (!button) return;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // without TLS there is no clipboard: the text is selected, to be copied by hand
    const text = button.parentElement.querySelector('code');
    getSelection().selectAllChildren(text);
    if (!document.execCommand('copy')) return;
  }
  button.textContent = button.dataset.done;
  setTimeout(() => (button.textContent = label), 2000);
});
document.addEventListener('change', (event) => {
  if (event.target.matches('select[data-submit]')) event.target.form.requestSubmit();
});
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.matches('input, textarea, select');
  if (event.key === '/' && !isTyping) {
    event.preventDefault();
    document.querySelector('input[type="search"]')?.focus();
    return;
  }
  const step = event.key === 'j' ? 1 : event.key === 'k' ? -1 : 0;
  if (step === 0 || isTyping) return;
  const links = [...document.querySelectorAll('[data-item]')];
  const at = links.indexOf(document.activeElement);
  links[Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
});
`;
