// Asking others over HTTP: which addresses are never asked, through which proxy, and where redirects may lead.
export { ask } from './ask.ts';
export { openUrl, shownUrl } from './open-url.ts';
export { isDowngrade, isRedirect, MAX_REDIRECTS, namesLinkLocal } from './rules.ts';
