// The profile of AppArmor that a container is to have: the default one is loaded again where somebody has taken it away.
import { isProfileLoaded, loadProfile } from '../host/apparmor.ts';
import { LaunchError } from './monitor/launch.ts';
import { DEFAULT_APPARMOR_PROFILE } from './spec/index.ts';

/** Profiles of other names are their owner's. Throws LaunchError, in runc's words, for one that is not there: crun's are about the program. */
export async function haveProfile(name: string | undefined): Promise<void> {
  if (name === undefined || name === 'unconfined') return;
  if (name === DEFAULT_APPARMOR_PROFILE) await loadProfile(name);
  // `:namespace:profile` is in a list of its own
  else if (!name.startsWith(':') && !isProfileLoaded(name))
    throw new LaunchError(
      `unable to apply apparmor profile: apparmor failed to apply profile ${name}: no such file or directory`,
    );
}
