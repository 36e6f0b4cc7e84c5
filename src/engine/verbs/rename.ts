// Gives a container another name.
import { conflict, invalid, messageOf } from '../../base/errors.ts';
import { type EngineContext, emit, save } from '../container/context.ts';
import { validateName } from '../create/index.ts';

export function rename(context: EngineContext, reference: string, wanted: string): void {
  if (wanted === '') throw invalid('Neither old nor new names may be empty');
  const container = context.registry.get(reference);
  const name = wanted.replace(/^\//, '');
  const oldName = container.record.name;
  if (name === oldName) throw invalid('Renaming a container with the same name as its current name');
  validateName(name);
  try {
    context.registry.reserve(name, container.id);
  } catch (error) {
    throw conflict(`Error when allocating new name: ${messageOf(error)}`);
  }
  container.record.name = name;
  context.registry.release(oldName);
  for (const endpoint of Object.values(container.record.endpoints))
    endpoint.DNSNames = endpoint.DNSNames?.map((one) => (one === oldName ? name : one)) ?? null;
  save(context, container);
  context.networks.renamed(container.id, oldName, name);
  emit(context, container, 'rename', { oldName: `/${oldName}` });
}
