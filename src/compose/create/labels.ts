// The labels by which docker compose knows what belongs to a project; either tool takes over what the other made.

export const LABEL = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
  hash: 'com.docker.compose.config-hash',
  image: 'com.docker.compose.image',
  oneOff: 'com.docker.compose.oneoff',
  slug: 'com.docker.compose.slug',
  version: 'com.docker.compose.version',
  workingDirectory: 'com.docker.compose.project.working_dir',
  configFiles: 'com.docker.compose.project.config_files',
  environmentFile: 'com.docker.compose.project.environment_file',
  dependsOn: 'com.docker.compose.depends_on',
  replace: 'com.docker.compose.replace',
  network: 'com.docker.compose.network',
  volume: 'com.docker.compose.volume',
} as const;

/** What an image that a project's service is built to says of itself. Pure. */
export function imageLabels(project: { readonly name: string }, service: string): Record<string, string> {
  return { [LABEL.project]: project.name, [LABEL.service]: service, [LABEL.version]: COMPOSE_VERSION };
}

/** The release of docker compose whose labels and sums are matched. */
export const COMPOSE_VERSION = '2.40.3';
