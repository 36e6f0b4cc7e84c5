// Certificates for one registry: `certs.d/<host:port>/` with *.crt (authorities), *.cert and *.key (our own).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalid, isErrno } from '../../base/errors.ts';
import type { TlsFiles } from './http.ts';

/** The first directory that has something for the registry counts. Throws invalid for a certificate without its key. */
export async function tlsFor(host: string, directories: readonly string[], verify: boolean): Promise<TlsFiles> {
  for (const parent of directories) {
    const directory = join(parent, host.replaceAll('/', '_'));
    const names = listed(directory);
    if (names === undefined) continue;
    const read = (name: string): Buffer => readFileSync(join(directory, name));
    const authorities = names.filter((name) => name.endsWith('.crt')).map(read);
    const own = names.find((name) => name.endsWith('.cert'));
    const key = own?.replace(/\.cert$/, '.key');
    if (own !== undefined && key !== undefined && !names.includes(key))
      throw invalid(`missing key ${key} for client certificate ${own}. CA certificates must use the extension .crt`);
    const { rootCertificates } = await import('node:tls');
    return {
      verify,
      ...(authorities.length === 0
        ? {}
        : { ca: [...rootCertificates.map((text) => Buffer.from(text)), ...authorities] }),
      ...(own === undefined || key === undefined ? {} : { cert: read(own), key: read(key) }),
    };
  }
  return { verify };
}

function listed(directory: string): string[] | undefined {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
