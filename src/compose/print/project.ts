// The canonical project as `config` prints it.
import { project as projectKind } from '../load/fields.ts';
import { Ordered, type Printed } from '../load/kinds.ts';
import type { Project } from '../model/project.ts';
import { toJson } from './json.ts';
import { toYaml } from './yaml.ts';

export function projectYaml(project: Project): string {
  return toYaml(projectKind.print(project, 'yaml'));
}

/** Keys at the top in the order of their names, with those that begin with `x-`; without models. */
export function projectJson(project: Project): string {
  const printed = projectKind.print(project, 'json');
  const top: Record<string, Printed> = { name: project.name };
  if (printed instanceof Ordered) for (const [key, value] of printed.entries) if (key !== 'models') top[key] = value;
  for (const [key, value] of Object.entries(project.extensions ?? {})) top[key] = value as Printed;
  return toJson(top, '  ');
}
