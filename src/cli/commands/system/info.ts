// `info`: what the daemon has and is able to do.
import { BerthError, messageOf } from '../../../base/errors.ts';
import { bytesSize } from '../../../base/units.ts';
import type { InfoResponse } from '../../../spec/docker/system.ts';
import { type Context, command } from '../../session/context.ts';
import { parse, parseJson, TemplateError, toJson } from '../../format/index.ts';
import { Failure, flag, INSPECT_FORMAT_HELP, none } from '../../grammar/index.ts';
import { infoFields } from '../shared/object-types.ts';
import { VERSION } from '../../session/version.ts';

export const info = command({
  use: '[OPTIONS]',
  description: 'Display system-wide information',
  aliases: 'docker system info, docker info',
  args: none,
  flags: {
    format: flag.string('f', INSPECT_FORMAT_HELP),
  },
  async run(context, { flags }) {
    const template = flags.format === '' || flags.format === 'json' ? undefined : parse(flags.format, '', 64);
    let raw: string | undefined;
    let problem: unknown;
    try {
      raw = await context.client.text('SystemInfo');
    } catch (error) {
      problem = error;
    }
    const client = {
      Debug: context.globals.debug,
      Version: VERSION.version,
      Context: context.currentContext,
      Plugins: [],
      Warnings: null,
    };
    if (flags.format === '') {
      context.out(
        `Client:\n Version:    ${client.Version}\n Context:    ${client.Context}\n Debug Mode: ${client.Debug}\n\nServer:\n`,
      );
      if (raw !== undefined) {
        const server = JSON.parse(raw) as InfoResponse;
        context.out(serverPage(context, server));
        for (const warning of server.Warnings ?? []) context.err(`${warning}\n`);
      } else if (problem instanceof BerthError && problem.kind !== 'unavailable') {
        throw new Failure(`ERROR: ${problem.message}\nerrors pretty printing info`);
      }
      if (problem !== undefined) throw new Failure(messageOf(problem));
      return 0;
    }
    const value = { ...(raw === undefined ? {} : (parseJson(raw) as object)), ClientInfo: client };
    if (!template) context.out(`${toJson(value)}\n`);
    else {
      try {
        context.out(`${template.run(infoFields(value), { ignoreCase: true, typeName: 'system.dockerInfo' })}\n`);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        context.out('\n');
        problem ??= new Failure(`template: ${error.message.replace(/^template: /, '')}`);
      }
    }
    if (problem !== undefined) throw new Failure(messageOf(problem));
    return 0;
  },
});

function serverPage(context: Context, server: InfoResponse): string {
  let text = '';
  const line = (name: string, value: unknown, indent = ' '): void => {
    text += `${indent}${name}: ${String(value)}\n`;
  };
  const present = (name: string, value: string | undefined): void => {
    if (value) line(name, value);
  };
  const block = (name: string, rows: readonly string[]): void => {
    if (rows.length > 0) text += ` ${name}:\n${rows.map((row) => `  ${row}\n`).join('')}`;
  };
  line('Containers', server.Containers);
  line('Running', server.ContainersRunning, '  ');
  line('Paused', server.ContainersPaused, '  ');
  line('Stopped', server.ContainersStopped, '  ');
  line('Images', server.Images);
  present('Server Version', server.ServerVersion);
  present('Storage Driver', server.Driver);
  for (const [key, value] of server.DriverStatus ?? []) line(key, value, '  ');
  present('Logging Driver', server.LoggingDriver);
  present('Cgroup Driver', server.CgroupDriver);
  present('Cgroup Version', server.CgroupVersion);
  text += ' Plugins:\n';
  line('Volume', (server.Plugins.Volume ?? []).join(' '), '  ');
  line('Network', (server.Plugins.Network ?? []).join(' '), '  ');
  if (server.Plugins.Authorization?.length) line('Authorization', server.Plugins.Authorization.join(' '), '  ');
  line('Log', (server.Plugins.Log ?? []).join(' '), '  ');
  block('CDI spec directories', server.CDISpecDirs ?? []);
  line('Swarm', (server.Swarm as { LocalNodeState?: string }).LocalNodeState ?? '');
  if (Object.keys(server.Runtimes ?? {}).length > 0) {
    line('Runtimes', Object.keys(server.Runtimes).join(' '));
    line('Default Runtime', server.DefaultRuntime);
  }
  if (server.OSType === 'linux') {
    line('Init Binary', server.InitBinary);
    line('containerd version', server.ContainerdCommit.ID);
    line('runc version', server.RuncCommit.ID);
    line('init version', server.InitCommit.ID);
    text += securityOptions(server.SecurityOptions ?? []);
  }
  present('Kernel Version', server.KernelVersion);
  present('Operating System', server.OperatingSystem);
  present('OSType', server.OSType);
  present('Architecture', server.Architecture);
  line('CPUs', server.NCPU);
  line('Total Memory', bytesSize(server.MemTotal));
  present('Name', server.Name);
  present('ID', server.ID);
  line('Docker Root Dir', server.DockerRootDir);
  line('Debug Mode', server.Debug);
  if (server.Debug || context.globals.debug) {
    line('File Descriptors', server.NFd, '  ');
    line('Goroutines', server.NGoroutines, '  ');
    line('System Time', server.SystemTime, '  ');
    line('EventsListeners', server.NEventsListener, '  ');
  }
  present('HTTP Proxy', server.HttpProxy);
  present('HTTPS Proxy', server.HttpsProxy);
  present('No Proxy', server.NoProxy);
  block('Labels', server.Labels ?? []);
  line('Experimental', server.ExperimentalBuild);
  text += registries(server.RegistryConfig);
  line('Live Restore Enabled', server.LiveRestoreEnabled);
  if (server.DefaultAddressPools?.length) {
    text += ` Default Address Pools:\n${server.DefaultAddressPools.map((pool) => `   Base: ${pool.Base}, Size: ${pool.Size}\n`).join('')}`;
  }
  if (server.FirewallBackend) line('Firewall Backend', server.FirewallBackend.Driver);
  return `${text}\n`;
}

function securityOptions(options: readonly string[]): string {
  if (options.length === 0) return '';
  const parts = options.flatMap((option) => {
    const pairs = option.split(',').map((pair) => pair.split('='));
    const name = option.includes('=') ? (pairs.find(([key]) => key === 'name')?.[1] ?? '') : option;
    const profile = pairs.find(([key]) => key === 'profile')?.[1];
    return [`  ${name}\n`, ...(profile === undefined ? [] : [`   Profile: ${profile}\n`])];
  });
  return ` Security Options:\n${parts.join('')}`;
}

interface RegistryConfig {
  readonly InsecureRegistryCIDRs?: string[] | null;
  readonly IndexConfigs?: Record<string, { Name: string; Secure: boolean }> | null;
  readonly Mirrors?: string[] | null;
}

function registries(config: object | null): string {
  const { InsecureRegistryCIDRs: ranges, IndexConfigs: indexes, Mirrors: mirrors } = (config ?? {}) as RegistryConfig;
  let text = '';
  if (ranges?.length || Object.keys(indexes ?? {}).length > 0) {
    const insecure = Object.values(indexes ?? {}).filter((index) => !index.Secure);
    text += ` Insecure Registries:\n${[...insecure.map((index) => index.Name), ...(ranges ?? [])].map((one) => `  ${one}\n`).join('')}`;
  }
  if (mirrors?.length) text += ` Registry Mirrors:\n${mirrors.map((one) => `  ${one}\n`).join('')}`;
  return text;
}
