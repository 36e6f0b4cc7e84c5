// `port`: which host ports lead into a container.
import { command } from '../../session/context.ts';
import { Failure, range } from '../../grammar/index.ts';

export const port = command({
  use: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  description: 'List port mappings or a specific mapping for the container',
  aliases: 'docker container port, docker port',
  args: range(1, 2),
  flags: {},
  async run(context, { args: [id = '', wanted] }) {
    const { NetworkSettings: settings } = await context.client.call('ContainerInspect', { params: { id } });
    const join = (ip: string, number: string): string => `${ip.includes(':') ? `[${ip}]` : ip}:${number}`;
    let lines: string[];
    if (wanted !== undefined) {
      const [number = '', protocol = ''] = wanted.split('/');
      if (!/^\d+$/.test(number) || Number(number) > 65535) {
        throw new Failure(
          `Error: invalid port (${number}): strconv.ParseUint: parsing ${JSON.stringify(number)}: invalid syntax`,
        );
      }
      const bindings = settings.Ports[`${number}/${protocol || 'tcp'}`] ?? [];
      if (bindings.length === 0) throw new Failure(`Error: No public port '${wanted}' published for ${id}`);
      lines = bindings.map((one) => join(one.HostIp, one.HostPort));
    } else {
      lines = Object.entries(settings.Ports).flatMap(([inside, bindings]) =>
        (bindings ?? []).map((one) => `${inside} -> ${join(one.HostIp, one.HostPort)}`),
      );
    }
    lines.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    if (lines.length > 0) context.out(`${lines.join('\n')}\n`);
    return 0;
  },
});
