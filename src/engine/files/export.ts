// `docker export`: a container's root file system as an archive, without what is mounted in it.
import { conflict } from '../../base/errors.ts';
import { packTar } from '../../host/sandbox/index.ts';
import { type EngineContext, emit } from '../container/context.ts';
import { layerPlace } from './place.ts';

export interface Export {
  readonly archive: AsyncIterable<Uint8Array>;
}

/** Nothing is read before the archive is asked for. */
export function exportFiles(context: EngineContext, reference: string, signal: AbortSignal): Export {
  const container = context.registry.get(reference);
  const { phase } = container.state;
  if (phase === 'dead') throw conflict(`You cannot export container ${container.id} which is Dead`);
  if (phase === 'removing') throw conflict(`You cannot export container ${container.id} which is being removed`);
  async function* archive(): AsyncGenerator<Buffer, void, void> {
    const packed = packTar(layerPlace(context, container), { whiteouts: 'literal' }, signal);
    emit(context, container, 'export');
    yield* packed;
  }
  return { archive: archive() };
}
