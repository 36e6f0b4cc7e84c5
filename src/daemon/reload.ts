// What changes when the daemon reads its settings again, and what its event says of it. Pure.
import type { SystemFacts } from '../system/index.ts';
import type { DaemonOptions } from './options.ts';

/** The facts that follow from settings which may change while the daemon runs. */
export function reloadedFacts(
  options: DaemonOptions,
): Pick<SystemFacts, 'labels' | 'debug' | 'insecureRegistries' | 'mirrors' | 'liveRestore'> {
  const { labels, insecureRegistries, mirrors, liveRestore } = options;
  return { labels, debug: options.logLevel === 'debug', insecureRegistries, mirrors, liveRestore };
}

/** Attributes of the event `daemon reload`, as dockerd has them. */
export function reloadAttributes(
  options: DaemonOptions,
  { name, runtime, runtimes }: { name: string; runtime: string; runtimes: Readonly<Record<string, { path: string }>> },
): Record<string, string> {
  const { containers } = options;
  return {
    debug: String(options.logLevel === 'debug'),
    'default-cgroupns-mode': containers.cgroupnsMode ?? 'private',
    'default-ipc-mode': containers.ipcMode,
    'default-runtime': runtime,
    'default-shm-size': String(containers.shmSize),
    features: 'map[]',
    'insecure-registries': JSON.stringify(options.insecureRegistries),
    labels: JSON.stringify(options.labels),
    'live-restore': String(options.liveRestore),
    'max-concurrent-downloads': String(options.maxDownloads),
    'max-concurrent-uploads': String(options.maxUploads),
    'max-download-attempts': String(options.maxDownloadAttempts),
    name,
    'registry-mirrors': JSON.stringify(options.mirrors['docker.io'] ?? []),
    runtimes: Object.entries(runtimes)
      .map(([key, { path }]) => `${key}:${path}`)
      .join(', '),
    'shutdown-timeout': String(options.shutdownTimeout),
  };
}
