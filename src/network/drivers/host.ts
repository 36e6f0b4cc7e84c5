// Driver host: the host's own interfaces; nothing is made.
import { forbidden } from '../../base/errors.ts';
import type { Driver } from './driver.ts';

/** Of which there is one network, made by the daemon. */
function onlyOne(name: string): Driver {
  return {
    name,
    choose: () => {
      throw forbidden(`only one instance of "${name}" network is allowed`);
    },
    attach: () => undefined,
  };
}

export const host = onlyOne('host');
/** As `none` is called by its driver: a namespace with a loopback alone. */
export const none = onlyOne('null');
