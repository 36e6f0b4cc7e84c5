// The keys of a Compose file, as the Compose Specification has them.
import { anyKeys, flag, keys, list, named, oneOf, text, textOrNumber, type } from './grammar.ts';
import { oneOrMore, pairs } from './common.ts';
import { service } from './service.ts';

const include = oneOf(
  text,
  keys({ path: oneOrMore, env_file: oneOrMore, project_directory: text }, { extends: false }),
);

const network = keys(
  {
    name: text,
    driver: text,
    driver_opts: anyKeys(textOrNumber),
    ipam: keys({
      driver: text,
      config: list(
        keys({ subnet: text, ip_range: text, gateway: text, aux_addresses: anyKeys(text, { closed: true }) }),
      ),
      options: anyKeys(text, { closed: true }),
    }),
    external: keys({ name: text }, { or: ['boolean', 'string'] }),
    internal: flag,
    enable_ipv4: flag,
    enable_ipv6: flag,
    attachable: flag,
    labels: pairs,
  },
  { or: ['null'] },
);

const volume = keys(
  {
    name: text,
    driver: text,
    driver_opts: anyKeys(textOrNumber),
    external: keys({ name: text }, { or: ['boolean', 'string'] }),
    labels: pairs,
  },
  { or: ['null'] },
);

const secret = keys({
  name: text,
  environment: text,
  file: text,
  external: keys({ name: text }, { or: ['boolean', 'string'], open: true }),
  labels: pairs,
  driver: text,
  driver_opts: anyKeys(textOrNumber),
  template_driver: text,
});

const config = keys({
  name: text,
  content: text,
  environment: text,
  file: text,
  external: keys({ name: text }, { or: ['boolean', 'string'], open: true }),
  labels: pairs,
  template_driver: text,
});

const model = keys(
  { name: text, model: text, context_size: type('integer'), runtime_flags: list(text) },
  { required: ['model'] },
);

export const composeFile = keys({
  version: text,
  name: text,
  include: list(include),
  services: named(service, { closed: true }),
  models: named(model),
  networks: named(network),
  volumes: named(volume, { closed: true }),
  secrets: named(secret, { closed: true }),
  configs: named(config, { closed: true }),
});
