// The cluster's own certificate authority: its root, and certificates of nodes, which name the node, its role and its cluster.
import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync, webcrypto, type X509Certificate as NodeCertificate } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { invalid } from '../../base/errors.ts';
import type { NodeRole } from '../model/objects.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const YEAR_MS = 365 * 24 * 3600 * 1000;
const ROOT_YEARS = 20;
/** Every manager's certificate has it as a name, and no worker's. */
export const MANAGER_NAME = 'swarm-manager';
/** Clocks of nodes differ. */
const BACKDATED_MS = 3600 * 1000;

export interface Authority {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

export interface KeyPair {
  readonly publicKey: string;
  readonly key: string;
}

export interface Subject {
  readonly node: string;
  readonly role: NodeRole;
  readonly cluster: string;
  readonly addresses: readonly string[];
  readonly publicKey: string;
  readonly expiryMs: number;
}

export function newKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

export async function newAuthority(): Promise<Authority> {
  const pair = newKeyPair();
  const keys = {
    publicKey: await importPublic(pair.publicKey),
    privateKey: await importPrivate(pair.key),
  };
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=swarm-ca',
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + ROOT_YEARS * YEAR_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 1, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return { certificate: certificate.toString('pem'), key: pair.key };
}

export async function issue(authority: Authority, subject: Subject): Promise<string> {
  const now = Date.now();
  const certificate = await X509CertificateGenerator.create({
    issuer: new X509Certificate(authority.certificate).subject,
    subject: [{ CN: [subject.node] }, { OU: [`swarm-${subject.role}`] }, { O: [subject.cluster] }],
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + subject.expiryMs),
    signingAlgorithm: ALGORITHM,
    publicKey: await importPublic(subject.publicKey),
    signingKey: await importPrivate(authority.key),
    extensions: extensionsOf(subject),
  });
  return certificate.toString('pem');
}

function extensionsOf({ node, role, addresses }: Subject): Extension[] {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
    new SubjectAlternativeNameExtension([
      { type: 'dns', value: node },
      { type: 'dns', value: `swarm-${role}` },
      ...addresses.map((value) => ({ type: 'ip', value }) as const),
    ]),
  ];
}

/** Only keys as nodes make them: what is signed is never of another kind. */
function importPublic(pem: string): Promise<webcrypto.CryptoKey> {
  let der: Buffer;
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw invalid('curve');
    der = key.export({ type: 'spki', format: 'der' });
  } catch {
    throw invalid('the public key of the node is not one of P-256');
  }
  return webcrypto.subtle.importKey('spki', new Uint8Array(der), ALGORITHM, true, ['verify']);
}

function importPrivate(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), ALGORITHM, false, ['sign']);
}

/** Who a certificate of this cluster speaks for; undefined for a role that is none. */
export interface Bearer {
  readonly node: string;
  readonly role: NodeRole;
  readonly cluster: string;
}

export function bearerOf(certificate: NodeCertificate): Bearer | undefined {
  const parts = new Map(certificate.subject.split('\n').map((line) => line.split('=', 2) as [string, string]));
  const [node, unit, cluster] = [parts.get('CN'), parts.get('OU'), parts.get('O')];
  if (node === undefined || cluster === undefined) return undefined;
  if (unit === MANAGER_NAME) return { node, role: 'manager', cluster };
  return unit === 'swarm-worker' ? { node, role: 'worker', cluster } : undefined;
}
