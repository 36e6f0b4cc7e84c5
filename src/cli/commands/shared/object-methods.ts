// What Go's types of a container's settings can be asked besides their text: `.HostConfig.NetworkMode.IsHost`. Pure.
type Methods = Readonly<Record<string, (text: string) => unknown>>;

const container = (text: string): string => (text.startsWith('container:') ? text.slice('container:'.length) : '');
const is =
  (...texts: readonly string[]) =>
  (text: string): boolean =>
    texts.includes(text);
const isContainer = (text: string): boolean => text.startsWith('container:');
const isUserDefined = (text: string): boolean =>
  !['', 'default', 'bridge', 'host', 'none'].includes(text) && !isContainer(text);

const MODE: Methods = {
  IsHost: is('host'),
  IsPrivate: (text) => text !== 'host',
  Valid: () => true,
};

/** By the field that holds the text; under '' those of the keys of published ports. */
export const METHODS: Readonly<Record<string, Methods>> = {
  NetworkMode: {
    IsBridge: is('bridge'),
    IsHost: is('host'),
    IsNone: is('none'),
    IsDefault: is('default'),
    IsContainer: isContainer,
    IsPrivate: (text) => text !== 'host' && !isContainer(text),
    IsUserDefined: isUserDefined,
    ConnectedContainer: container,
    UserDefined: (text) => (isUserDefined(text) ? text : ''),
    NetworkName: (text) => (isContainer(text) ? 'container' : text),
  },
  IpcMode: {
    IsPrivate: is('private'),
    IsHost: is('host'),
    IsShareable: is('shareable'),
    IsContainer: isContainer,
    IsNone: is('none'),
    IsEmpty: is(''),
    Valid: () => true,
    Container: container,
  },
  PidMode: {
    ...MODE,
    IsPrivate: (text) => text !== 'host' && !isContainer(text),
    IsContainer: isContainer,
    Container: container,
  },
  UTSMode: MODE,
  UsernsMode: MODE,
  CgroupnsMode: { IsPrivate: is('private'), IsHost: is('host'), IsEmpty: is(''), Valid: () => true },
  Isolation: {
    IsDefault: (text) => ['', 'default'].includes(text.toLowerCase()),
    IsHyperV: (text) => text.toLowerCase() === 'hyperv',
    IsProcess: (text) => text.toLowerCase() === 'process',
  },
  '': {
    Port: (text) => text.split('/', 1)[0] ?? '',
    Proto: (text) => text.split('/')[1] ?? 'tcp',
    Int: (text) => Number.parseInt(text, 10) || 0,
  },
};

/** Those of a restart policy, which is no text. */
export const RESTART_POLICY: Readonly<Record<string, (name: string) => boolean>> = {
  IsNone: is('no', ''),
  IsAlways: is('always'),
  IsOnFailure: is('on-failure'),
  IsUnlessStopped: is('unless-stopped'),
};
