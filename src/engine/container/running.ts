// What verbs need of a container that runs: its connection, its runtime, the configuration it was started with.
import { invalid } from '../../base/errors.ts';
import type { OciRuntime } from '../../runtime/index.ts';
import type { Container } from './container.ts';
import type { EngineContext } from './context.ts';

/** The container's one connection to its monitor, made when it is first needed. */
export function consoleOf(context: EngineContext, container: Container): NonNullable<Container['console']> {
  if (container.console) return container.console;
  const console = context.runtime.console(container.id);
  container.console = console;
  void console.ended.then(() => {
    if (container.console === console) container.console = undefined;
  });
  return console;
}

export function runtimeOf(context: EngineContext, name: string): OciRuntime {
  const wanted = name === '' ? context.defaultRuntime : name;
  const runtime = context.runtimes.get(wanted);
  if (!runtime) throw invalid(`unknown or invalid runtime name: ${wanted}`);
  return runtime;
}
