// What a command of compose gets: the client's context, the settings before it, and a project on request.
import { type Loaded, type LoadOptions, loadProject } from '../../../../compose/index.ts';
import type { Context } from '../../../session/context.ts';
import type { AnyCommand, Command, Flags, Node as TreeNode } from '../../../grammar/index.ts';
import { flag } from '../../../grammar/index.ts';
import type { ComposeSettings } from './globals.ts';
import { withoutEffects } from './dry-run.ts';
import { hostOf, warningLine } from './host.ts';

export class ComposeContext {
  readonly cli: Context;
  readonly settings: ComposeSettings;

  constructor(cli: Context, settings: ComposeSettings) {
    this.cli = settings.dryRun ? withoutEffects(cli) : cli;
    this.settings = settings;
  }

  out(text: string): void {
    this.cli.out(text);
  }

  err(text: string): void {
    this.cli.err(text);
  }

  /** Whether colours are shown on stdout (1) or stderr (2). */
  isColoured(fd: 1 | 2): boolean {
    const { ansi } = this.settings;
    return ansi === 'always' || (ansi === 'auto' && this.cli.terminal(fd));
  }

  /** What the flags before the command say, with what a command adds. */
  options(more: LoadOptions = {}): LoadOptions {
    return { ...this.settings.project, ...more };
  }

  load(more: LoadOptions = {}): Loaded {
    return loadProject(this.options(more), this.host, this.warn);
  }

  get host() {
    return hostOf(this.cli);
  }

  readonly warn = (message: string): void => {
    this.err(warningLine(message, new Date(), this.settings.progress === 'json'));
  };
}

export type ComposeNode = TreeNode<ComposeContext>;
export type AnyComposeCommand = AnyCommand<ComposeContext>;

/** Every command of compose has it. */
export const dryRun = { 'dry-run': flag.bool('', 'Execute command in dry run mode') } as const;

/** Gives a command its exact flag types, and loses them for the tree. */
export function composeCommand<const F extends Flags>(spec: Command<F, ComposeContext>): Command<F, ComposeContext> {
  return spec;
}

/** The same context, whose stdout goes elsewhere. */
export function withOutput(cli: Context, out: (text: string) => void): Context {
  return new Proxy(cli, {
    get: (target, key) => {
      if (key === 'out') return (data: string | Uint8Array) => out(data.toString());
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
