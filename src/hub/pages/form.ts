// Forms that change something: of somebody who is logged in, and sent by a page of ours.
import { readForm } from '../../http/index.ts';
import { RegistryError } from '../model/index.ts';
import type { PageCall } from './page.ts';

const FORM_BYTES = 64 * 1024;

/** Throws DENIED without a login, and for a form of another site. */
export async function checkedForm(
  { exchange, session, desk }: PageCall,
  read: () => Promise<URLSearchParams> = () => readForm(exchange.request, FORM_BYTES),
): Promise<URLSearchParams> {
  if (!session.who.account) throw new RegistryError('DENIED', { message: 'a login is needed' });
  const form = await read();
  desk.access.sessions.checkForm(exchange, session, form.get('seal') ?? '');
  return form;
}
