// One request to somebody else, without following where it leads: TLS loaded when it is first needed, the proxy, and addresses
// that are never asked.
import http, { type Agent, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { agentOptions, proxyFor } from '../../base/proxy.ts';
import { lookupElsewhere, namesLinkLocal } from './rules.ts';

export interface Question extends Pick<RequestOptions, 'method' | 'headers' | 'maxHeaderSize' | 'signal'> {
  /** What is thrown when the address, or what its name means, is link-local; without it such ones are asked, too. */
  readonly refusal?: (() => Error) | undefined;
  /** How to connect; without it as Node does by itself. */
  readonly agent?: (secure: boolean, proxy: string | undefined) => Promise<Agent> | Agent | false;
  /** Straight to the host, whatever proxy is set. */
  readonly direct?: boolean;
  /** Nothing comes for so long: the request fails with that error. */
  readonly silence?: { readonly ms: number; readonly error: () => Error };
  /** Sends the body, and ends the request. */
  readonly send: (request: ClientRequest) => void;
}

/** The answer, whatever its status: it must be read or destroyed. Throws what the connection or `refusal` gives. */
export async function ask(url: URL, question: Question): Promise<IncomingMessage> {
  const { refusal, agent, direct = false, silence, send, ...options } = question;
  if (refusal && namesLinkLocal(url)) throw refusal();
  const secure = url.protocol === 'https:';
  const { request, Agent: Maker } = secure ? (await import('node:https')).default : http;
  const proxy = direct ? undefined : proxyFor(url, process.env);
  const by = agent ? await agent(secure, proxy) : proxy === undefined ? undefined : new Maker(agentOptions(proxy));
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      ...options,
      ...(by === undefined ? {} : { agent: by }),
      // a proxy looks up the name itself
      ...(refusal && proxy === undefined ? { lookup: lookupElsewhere(refusal) } : {}),
    });
    if (silence) sent.setTimeout(silence.ms, () => sent.destroy(silence.error()));
    sent.once('error', reject);
    sent.once('response', resolve);
    send(sent);
  });
}
