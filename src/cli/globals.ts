// The flags that stand before the command.
import { flag } from './grammar/index.ts';

export function globalFlags(configDir: string, certDir: string) {
  const path = (name: string) => `${certDir}/${name}`;
  return {
    config: flag.string('', 'Location of client config files', configDir),
    context: flag.string(
      'c',
      'Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and default context set with "docker context use")',
    ),
    debug: flag.bool('D', 'Enable debug mode'),
    host: flag.list('H', 'Daemon socket to connect to'),
    'log-level': flag.string('l', 'Set the logging level ("debug", "info", "warn", "error", "fatal")', 'info'),
    tls: flag.bool('', 'Use TLS; implied by --tlsverify'),
    tlscacert: flag.string('', 'Trust certs signed only by this CA', path('ca.pem')),
    tlscert: flag.string('', 'Path to TLS certificate file', path('cert.pem')),
    tlskey: flag.string('', 'Path to TLS key file', path('key.pem')),
    tlsverify: flag.bool('', 'Use TLS and verify the remote'),
    version: flag.bool('v', 'Print version information and quit'),
  } as const;
}
