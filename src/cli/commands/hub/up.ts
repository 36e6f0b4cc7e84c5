// `hub up`: a hub in a container of the daemon, made from this very program. Said again it changes what is to change, and keeps the data.
import { createHash } from 'node:crypto';
import { Failure, flag, none } from '../../grammar/index.ts';
import { command } from '../../session/context.ts';
import { addAdmin } from './admin.ts';
import { isLoopback } from '../../../base/address.ts';
import { type HubSettings, parsePublish } from './container.ts';
import { findHub } from './existing.ts';
import { forgetImage, makeImage } from './image.ts';
import { programFiles } from './program-files.ts';
import { replaceHub, startHub } from './replace.ts';
import { parsePullLimit, tlsPair } from './serve-settings.ts';

export const up = command({
  use: '[OPTIONS]',
  description: 'Run a hub in a container',
  args: none,
  flags: {
    name: flag.string('', 'Name of the container', 'berth-hub'),
    publish: flag.string('p', 'Where it is reached: [HOST:]PORT', '127.0.0.1:5000'),
    volume: flag.string('', 'Volume that holds the images', 'berth-hub'),
    admin: flag.string('', 'Make the first account; its password is read from standard input'),
    open: flag.bool('', 'Serve everybody who reaches it, as long as there is no account'),
    'tls-cert': flag.string('', 'Certificate in PEM: serve HTTPS'),
    'tls-key': flag.string('', 'Key of the certificate'),
    url: flag.string('', 'Address of the hub as clients reach it, behind a proxy'),
    'pull-limit': flag.string('', 'Manifests that one client may pull: 100/3600 is 100 an hour'),
    'no-delete': flag.bool('', 'Refuse to delete tags, manifests and blobs'),
  },
  async run(context, { flags }) {
    const { client } = context;
    const place = parsePublish(flags.publish);
    if (!place) throw new Failure(`invalid address ${flags.publish}: [HOST:]PORT is wanted`);
    const before = await findHub(client, flags.name);
    const tls = tlsPair(flags['tls-cert'], flags['tls-key'])?.();
    parsePullLimit(flags['pull-limit']);
    const files = programFiles(process.argv[1] ?? '', context.env['BERTH_NODE'] ?? process.execPath);
    const image = await makeImage(context, files);
    const settings: HubSettings = {
      ...place,
      image,
      volume: flags.volume,
      // whether there are accounts, which close it, is known to the hub alone
      isOpen: flags.open || isLoopback(place.address),
      ...(tls ? { certificate: createHash('sha256').update(tls.cert).digest('hex') } : {}),
      more: [
        ...(flags.url === '' ? [] : ['--url', flags.url]),
        ...(flags['pull-limit'] === '' ? [] : ['--pull-limit', flags['pull-limit']]),
        ...(flags['no-delete'] ? ['--no-delete'] : []),
      ],
    };
    if (flags.admin !== '') await addAdmin(context, settings, flags.admin);
    const isSame = before?.settings === JSON.stringify(settings);
    if (!isSame) await replaceHub(client, flags.name, settings, { before, tls });
    else if (!before.isRunning) await startHub(client, before.id);
    if (before && before.image !== image) await forgetImage(context, before.image);
    const host = place.address.includes(':') ? `[${place.address}]` : place.address;
    context.out(`${flags.name}: http${tls ? 's' : ''}://${host}:${place.port}\n`);
    return 0;
  },
});
