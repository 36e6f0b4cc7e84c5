// Verbs on secrets and configs, which differ in little: a secret is sealed and never shown.
import { conflict, internal, invalid, notImplemented } from '../../base/errors.ts';
import type { Cluster } from '../member/cluster.ts';
import { newId } from '../model/ids.ts';
import { type Config, keys, type Secret, type SecretSpec } from '../model/objects.ts';
import { seal, unseal } from '../security/seal.ts';
import { byLabels, type Filters, find, known } from './find.ts';
import { secretShape, shaped } from './shape.ts';
import { OUT_OF_SEQUENCE } from './swarm.ts';

const LIMIT = { secret: 500 * 1024, config: 1000 * 1024 } as const;

export interface CreateRequest extends Partial<SecretSpec> {
  readonly Driver?: { readonly Name?: string };
  /** base64 */
  readonly Data?: string;
}

export class SecretControl {
  readonly #cluster: Cluster;
  readonly #noun: 'secret' | 'config';

  constructor(cluster: Cluster, noun: 'secret' | 'config') {
    this.#cluster = cluster;
    this.#noun = noun;
  }

  #all(): readonly (Secret | Config)[] {
    const { cache } = this.#cluster.manager;
    return this.#noun === 'secret' ? cache.all('secrets') : cache.all('configs');
  }

  #key(id: string): string {
    return this.#noun === 'secret' ? keys.secret(id) : keys.config(id);
  }

  list(filters: Filters): object[] {
    known(filters, ['id', 'name', 'names', 'label'], invalid);
    const ids = filters.get('id') ?? [];
    const names = [...(filters.get('name') ?? []), ...(filters.get('names') ?? [])];
    const any = ids.length + names.length === 0;
    return this.#all()
      .filter(
        ({ ID, Spec }) =>
          (any || ids.some((one) => ID.startsWith(one)) || names.some((one) => Spec.Name.startsWith(one))) &&
          byLabels(filters, 'label', Spec.Labels),
      )
      .map(view);
  }

  get(reference: string): Secret | Config {
    return find<Secret | Config>(reference, {
      noun: this.#noun,
      all: this.#all(),
      id: ({ ID }) => ID,
      name: ({ Spec }) => Spec.Name,
    });
  }

  inspect(reference: string): object {
    return view(this.get(reference));
  }

  async create(body: unknown): Promise<string> {
    const { writer } = this.#cluster.manager;
    const request = shaped(body, secretShape) as CreateRequest;
    const { Data = '', Name = '', Labels = {}, Templating, Driver } = request;
    if (!/^[a-zA-Z0-9][-a-zA-Z0-9_.]*$/.test(Name) || !/[a-zA-Z0-9]$/.test(Name) || Name.length > 64)
      throw invalid(
        `rpc error: code = InvalidArgument desc = invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]`,
      );
    if (Driver?.Name) throw notImplemented(`secrets of drivers are not implemented by this daemon: ${Driver.Name}`);
    const data = Buffer.from(Data, 'base64');
    const limit = LIMIT[this.#noun];
    if (data.length === 0 || data.length >= limit)
      throw invalid(
        `rpc error: code = InvalidArgument desc = ${this.#noun} data must be larger than 0 and less than ${limit} bytes`,
      );
    const id = newId();
    const spec = { Name, Labels, ...(Templating ? { Templating } : {}) };
    const taken = `rpc error: code = AlreadyExists desc = ${this.#noun} ${Name} already exists`;
    if (this.#noun === 'secret') {
      const { sealKey: key } = this.#cluster;
      const draft = { ID: id, Spec: spec, sealed: seal(key, id, data) };
      await writer.create<'secrets'>('secrets', keys.secret(id), draft, Name, taken);
    } else await writer.create<'configs'>('configs', keys.config(id), { ID: id, Spec: { ...spec, Data } }, Name, taken);
    return id;
  }

  async update(reference: string, version: number | undefined, body: unknown): Promise<void> {
    if (version === undefined) throw invalid(`invalid ${this.#noun} version`);
    const spec = shaped(body, secretShape) as CreateRequest;
    const object = this.get(reference);
    const { ID, Spec } = object;
    // clients send the content that a file has: the same one is no change
    const sent = Buffer.from(spec.Data ?? '', 'base64');
    if (spec.Name !== Spec.Name || (sent.length > 0 && !sent.equals(this.#content(object))))
      throw invalid('rpc error: code = InvalidArgument desc = only updates to Labels are allowed');
    let stale = false;
    await this.#cluster.manager.writer.update<'configs'>(this.#key(ID), (object) => {
      stale = object.Version.Index !== version;
      return stale ? undefined : { Spec: { ...object.Spec, Labels: spec.Labels ?? {} } };
    });
    if (stale) throw internal(OUT_OF_SEQUENCE);
  }

  #content(object: Secret | Config): Buffer {
    if ('sealed' in object) return unseal(this.#cluster.sealKey, object.ID, object.sealed);
    return Buffer.from(object.Spec.Data, 'base64');
  }

  async remove(reference: string): Promise<void> {
    const { cache, writer } = this.#cluster.manager;
    const { ID, Spec } = this.get(reference);
    const users = cache.all('services').filter(({ Spec: { TaskTemplate } }) => {
      const { Secrets = [], Configs = [] } = TaskTemplate.ContainerSpec ?? {};
      return this.#noun === 'secret'
        ? Secrets.some(({ SecretID }) => SecretID === ID)
        : Configs.some(({ ConfigID }) => ConfigID === ID);
    });
    if (users.length > 0) {
      const names = users.map((one) => one.Spec.Name).join(', ');
      const services = users.length === 1 ? 'service' : 'services';
      throw conflict(
        `rpc error: code = InvalidArgument desc = ${this.#noun} '${Spec.Name}' is in use by the following ${services}: ${names}`,
      );
    }
    await writer.remove([this.#key(ID), keys.name(this.#noun === 'secret' ? 'secrets' : 'configs', Spec.Name)]);
  }
}

function view({ ID, Version, CreatedAt, UpdatedAt, Spec }: Secret | Config): object {
  return { ID, Version, CreatedAt, UpdatedAt, Spec };
}
