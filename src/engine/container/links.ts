// Links of the default network (`--link other:alias`): lines for the hosts file and variables that tell where the other is. Pure.
import { type ContainerPort, parsePort } from '../../spec/docker/index.ts';

export interface LinkedContainer {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  /** IPv4 on the default network. */
  readonly address: string;
  /** `80/tcp` */
  readonly exposed: readonly string[];
  readonly environment: readonly string[];
}

/** `name`, `name:alias` and the form that inspect shows, `/name:/own/alias`. */
export function parseLink(link: string): { readonly name: string; readonly alias: string } {
  const [first = '', second = first] = link.split(':');
  return { name: first.replace(/^\//, ''), alias: second.slice(second.lastIndexOf('/') + 1) };
}

export function linkHosts(alias: string, other: LinkedContainer): { ip: string; names: string[] } {
  return { ip: other.address, names: [...new Set([alias, other.hostname, other.name])] };
}

/** `DB_PORT=tcp://…`, `DB_PORT_80_TCP_ADDR=…` and the other's own variables, as Docker makes them. */
export function linkVariables(alias: string, own: string, other: LinkedContainer): string[] {
  const prefix = alias.toUpperCase().replaceAll('-', '_');
  const ports = other.exposed
    .flatMap((text) => parsePort(text) ?? [])
    .toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
  const url = ({ port, protocol }: ContainerPort): string => `${protocol}://${other.address}:${port}`;
  const [first] = ports;
  return [
    ...(first ? [`${prefix}_PORT=${url(first)}`] : []),
    ...ports.flatMap((one) => {
      const key = `${prefix}_PORT_${one.port}_${one.protocol.toUpperCase()}`;
      return [
        `${key}=${url(one)}`,
        `${key}_ADDR=${other.address}`,
        `${key}_PORT=${one.port}`,
        `${key}_PROTO=${one.protocol}`,
      ];
    }),
    `${prefix}_NAME=/${own}/${alias}`,
    ...other.environment
      .filter((variable) => variable.includes('=') && !/^(HOME|PATH)=/.test(variable))
      .map((variable) => `${prefix}_ENV_${variable}`),
  ];
}
