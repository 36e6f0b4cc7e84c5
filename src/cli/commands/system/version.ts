// `version`: what the client and the daemon say of themselves.
import { messageOf } from '../../../base/errors.ts';
import type { VersionResponse } from '../../../spec/docker/system.ts';
import { type Context, command } from '../../session/context.ts';
import { parse, tabulate, TemplateError, toJson } from '../../format/index.ts';
import { Failure, flag, INSPECT_FORMAT_HELP, none } from '../../grammar/index.ts';
import { versionFields } from '../shared/object-types.ts';
import { VERSION } from '../../session/version.ts';

export const version = command({
  use: '[OPTIONS]',
  description: 'Show the Docker version information',
  args: none,
  flags: {
    format: flag.string('f', INSPECT_FORMAT_HELP),
    client: flag.bool('', 'Only the client, without asking the daemon', false, { hidden: true }),
  },
  async run(context, { flags }) {
    const template = flags.format === '' || flags.format === 'json' ? undefined : parse(flags.format, 'version', 64);
    let server: VersionResponse | undefined;
    let problem: string | undefined;
    if (!flags.client) {
      try {
        server = await context.client.call('SystemVersion');
      } catch (error) {
        problem = messageOf(error);
      }
    }
    const value = { Client: clientVersion(context, server), Server: server ? withEngine(server) : null };
    if (template) {
      try {
        context.out(`${template.run(versionFields(value), { ignoreCase: true, typeName: 'system.versionInfo' })}\n`);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        problem ??= error.message;
        context.out('\n');
      }
    } else context.out(flags.format === 'json' ? `${toJson(value)}\n` : page(value));
    if (problem !== undefined) throw new Failure(problem);
    return 0;
  },
});

const ARCH: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

function clientVersion(context: Context, server: VersionResponse | undefined) {
  const newest =
    server === undefined || minor(server.ApiVersion) >= minor(VERSION.api) ? VERSION.api : server.ApiVersion;
  return {
    Version: VERSION.version,
    ApiVersion: context.env['DOCKER_API_VERSION'] || newest,
    DefaultAPIVersion: VERSION.api,
    GitCommit: VERSION.commit,
    GoVersion: '',
    Os: process.platform,
    Arch: ARCH[process.arch] ?? process.arch,
    BuildTime: '',
    Context: context.currentContext,
  };
}

const minor = (text: string): number => Number(text.split('.')[1] ?? 0);

function withEngine(server: VersionResponse): VersionResponse {
  const components = (server.Components ?? []).map((one) =>
    one.Name === 'Engine'
      ? { ...one, Details: { ...one.Details, BuildTime: ansic(one.Details['BuildTime'] ?? '') } }
      : one,
  );
  if (!components.some((one) => one.Name === 'Engine')) {
    components.push({
      Name: 'Engine',
      Version: server.Version,
      Details: {
        ApiVersion: server.ApiVersion,
        MinAPIVersion: server.MinAPIVersion,
        GitCommit: server.GitCommit,
        GoVersion: server.GoVersion,
        Os: server.Os,
        Arch: server.Arch,
        BuildTime: ansic(server.BuildTime),
        Experimental: String(server.Experimental ?? false),
      },
    });
  }
  return { ...server, Components: components };
}

/** RFC 3339 as C prints times, `Mon Jan  2 15:04:05 2006`. */
function ansic(text: string): string {
  const match = /^(\d{4})-\d\d-\d\dT(\d\d:\d\d:\d\d)/.exec(text);
  if (!match) return text;
  const date = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  const [weekday = '', , month = ''] = date.toUTCString().split(/[ ,]+/);
  const day = String(date.getUTCDate()).padStart(2);
  return `${weekday} ${date.toUTCString().split(/[ ,]+/)[2] ?? month} ${day} ${match[2]} ${match[1]}`;
}

function page({
  Client: client,
  Server: server,
}: {
  Client: ReturnType<typeof clientVersion>;
  Server: VersionResponse | null;
}): string {
  const api =
    client.ApiVersion === client.DefaultAPIVersion
      ? client.ApiVersion
      : `${client.ApiVersion} (downgraded from ${client.DefaultAPIVersion})`;
  let text = 'Client:\n';
  const line = (name: string, value: string, indent = ' '): void => {
    text += `${indent}${name}:\t${value}\n`;
  };
  line('Version', client.Version);
  line('API version', api);
  line('Git commit', client.GitCommit);
  line('OS/Arch', `${client.Os}/${client.Arch}`);
  line('Context', client.Context);
  if (server) {
    text += `\nServer:${server.Platform?.Name ? ` ${server.Platform.Name}` : ''}\n`;
    for (const { Name: name, Version: own, Details: details = {} } of server.Components) {
      text += ` ${name}:\n`;
      line('Version', own, '  ');
      if (name !== 'Engine') {
        for (const key of Object.keys(details).sort()) line(key, details[key] ?? '', '  ');
        continue;
      }
      line('API version', `${details['ApiVersion']} (minimum version ${details['MinAPIVersion']})`, '  ');
      line('Go version', details['GoVersion'] ?? '', '  ');
      line('Git commit', details['GitCommit'] ?? '', '  ');
      line('Built', details['BuildTime'] ?? '', '  ');
      line('OS/Arch', `${details['Os']}/${details['Arch']}`, '  ');
      line('Experimental', details['Experimental'] ?? '', '  ');
    }
  }
  return tabulate(text, { minWidth: 20, padding: 1 });
}
