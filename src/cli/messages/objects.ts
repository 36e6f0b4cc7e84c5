// Pure. Errors about images, containers, networks and volumes.
import { type Message, message } from './message.ts';

export const OBJECTS: readonly Message[] = [
  message(
    'E1401',
    ['no such image', 'unable to find image'],
    ['The image is not here', '이미지가 없습니다'],
    [
      'Nobody has pulled, built or loaded an image of this name on this daemon.',
      '이 데몬에는 그 이름의 이미지를 내려받거나 빌드하거나 불러온 적이 없습니다.',
    ],
    [
      '"berth images" lists those that are here; pull or build it, and check the tag.',
      '"berth images"로 목록을 보고, 내려받거나 빌드하십시오. 태그도 확인하십시오.',
    ],
  ),
  message(
    'E1402',
    ['pull access denied', 'repository does not exist'],
    ['The registry gives no such image', '레지스트리가 이미지를 주지 않습니다'],
    [
      'The repository does not exist, or needs a login; registries do not say which.',
      '저장소가 없거나 로그인이 필요합니다. 레지스트리는 어느 쪽인지 알려 주지 않습니다.',
    ],
    ['Check the name, then "berth login".', '이름을 확인한 뒤 "berth login"을 실행하십시오.'],
  ),
  message(
    'E1403',
    ['unauthorized', 'authentication required', 'incorrect username or password', 'denied: requested access'],
    ['The registry does not know you', '레지스트리 인증에 실패했습니다'],
    [
      'There is no login for this registry, it is out of date, or it may not do this.',
      '이 레지스트리의 로그인 정보가 없거나 만료되었거나 권한이 부족합니다.',
    ],
    [
      '"berth login REGISTRY", with a token instead of the password where two factors are used.',
      '"berth login REGISTRY"를 실행하십시오. 2단계 인증을 쓰면 암호 대신 토큰을 사용합니다.',
    ],
  ),
  message(
    'E1404',
    ['manifest unknown', 'manifest for … not found'],
    ['The image has no such tag', '그런 태그가 없습니다'],
    ['The repository is there, but the tag or digest is not.', '저장소는 있지만 태그나 다이제스트가 없습니다.'],
    [
      'Look at the tags in the registry’s pages; "latest" is not in every repository.',
      '레지스트리 페이지에서 태그를 확인하십시오. "latest"가 항상 있는 것은 아닙니다.',
    ],
  ),
  message(
    'E1405',
    ['no matching manifest', 'does not match the specified platform', 'exec format error'],
    ['The image is for another processor', '다른 프로세서용 이미지입니다'],
    [
      'It was not made for the platform of this daemon, or was asked for another one.',
      '이 데몬의 플랫폼용으로 만들어지지 않았거나, 다른 플랫폼이 지정되었습니다.',
    ],
    [
      'Choose with --platform, or build the image for this one.',
      '--platform으로 선택하거나 이 플랫폼용으로 빌드하십시오.',
    ],
  ),
  message(
    'E1406',
    ['no such host', 'i/o timeout', 'connection refused', 'network is unreachable', 'tls handshake timeout'],
    ['The registry cannot be reached', '레지스트리에 연결할 수 없습니다'],
    [
      'The daemon finds no way to the server: no network, a name that does not resolve, a proxy or firewall between.',
      '데몬이 서버에 도달하지 못합니다. 네트워크, DNS, 프록시 또는 방화벽 문제입니다.',
    ],
    [
      'Try the same address from the daemon’s host; set HTTPS_PROXY for the daemon where one is needed.',
      '데몬의 호스트에서 같은 주소를 시험하십시오. 필요하면 데몬에 HTTPS_PROXY를 설정합니다.',
    ],
  ),
  message(
    'E1407',
    ['conflict: unable to … image', 'image is being used by'],
    ['The image is in use', '이미지가 사용 중입니다'],
    ['A container or another tag needs it.', '컨테이너나 다른 태그가 이 이미지를 필요로 합니다.'],
    [
      'Remove the containers first, or use -f to take the name only.',
      '컨테이너를 먼저 삭제하거나 -f로 이름만 제거하십시오.',
    ],
  ),
  message(
    'E1501',
    ['no such container', 'no such object'],
    ['There is no such container', '그런 컨테이너가 없습니다'],
    [
      'The name or ID is not known to this daemon; --rm may have taken it away.',
      '이 데몬이 모르는 이름이나 ID입니다. --rm 때문에 이미 삭제되었을 수 있습니다.',
    ],
    ['"berth ps -a" lists all, also those that have ended.', '"berth ps -a"로 종료된 것까지 모두 확인하십시오.'],
  ),
  message(
    'E1502',
    ['container name … is already in use'],
    ['The name is taken', '이름이 이미 사용 중입니다'],
    [
      'A container of this name exists, perhaps one that has ended.',
      '같은 이름의 컨테이너가 있습니다. 종료된 것일 수도 있습니다.',
    ],
    ['Remove or rename it, or take another name.', '삭제하거나 이름을 바꾸거나, 다른 이름을 쓰십시오.'],
  ),
  message(
    'E1503',
    ['port is already allocated', 'address already in use', 'ports are not available'],
    ['The port is taken', '포트가 이미 사용 중입니다'],
    [
      'Another container or program listens on this port of the host.',
      '다른 컨테이너나 프로그램이 호스트의 이 포트를 쓰고 있습니다.',
    ],
    [
      '"berth ports" and "ss -ltnp" say who has it; choose another one: -p 8081:80.',
      '"berth ports"와 "ss -ltnp"로 누가 쓰는지 보고, 다른 포트를 고르십시오: -p 8081:80.',
    ],
  ),
  message(
    'E1504',
    ['executable file not found', 'no such file or directory: unknown', 'exec: … not found'],
    ['The program is not in the image', '이미지에 그 프로그램이 없습니다'],
    [
      'The command, or the interpreter of its first line, is not there; or the line ends of a script are those of Windows.',
      '명령이나 스크립트 첫 줄의 인터프리터가 없습니다. 또는 스크립트의 줄바꿈이 Windows 형식입니다.',
    ],
    [
      'Try "berth run --rm -it --entrypoint sh IMAGE" and look for it.',
      '"berth run --rm -it --entrypoint sh IMAGE"로 들어가 확인하십시오.',
    ],
  ),
  message(
    'E1505',
    ['is not running', 'container … is stopped'],
    ['The container does not run', '컨테이너가 실행 중이 아닙니다'],
    ['It has ended, or was never started.', '종료되었거나 시작된 적이 없습니다.'],
    [
      '"berth logs NAME" says why it ended; "berth start NAME" starts it.',
      '"berth logs NAME"으로 이유를 보고 "berth start NAME"으로 시작하십시오.',
    ],
  ),
  message(
    'E1506',
    ['container is running: stop the container', 'cannot remove container'],
    ['A running container is not removed', '실행 중인 컨테이너는 삭제하지 않습니다'],
    ['It would be killed without a warning.', '경고 없이 강제 종료되기 때문입니다.'],
    ['Stop it first, or use -f.', '먼저 정지하거나 -f를 사용하십시오.'],
  ),
  message(
    'E1507',
    ['bind source path does not exist', 'invalid mount config', 'invalid volume specification'],
    ['The mount cannot be made', '마운트할 수 없습니다'],
    [
      'The host folder is not there, or the text of -v or --mount is not in their form.',
      '호스트 폴더가 없거나 -v 또는 --mount의 형식이 잘못되었습니다.',
    ],
    [
      'Give whole paths: -v /host/path:/inside; on a machine the folder must be one that it shares.',
      '전체 경로를 쓰십시오: -v /host/path:/inside. 머신에서는 공유된 폴더여야 합니다.',
    ],
  ),
  message(
    'E1601',
    ['network … not found', 'no such network'],
    ['There is no such network', '그런 네트워크가 없습니다'],
    ['Nobody made it on this daemon, or it was removed.', '이 데몬에서 만든 적이 없거나 삭제되었습니다.'],
    [
      '"berth network ls" lists them, "berth network create NAME" makes one.',
      '"berth network ls"로 목록을 보고 "berth network create NAME"으로 만드십시오.',
    ],
  ),
  message(
    'E1602',
    ['has active endpoints', 'network … is in use'],
    ['The network is in use', '네트워크가 사용 중입니다'],
    ['Containers are connected to it.', '컨테이너가 연결되어 있습니다.'],
    [
      '"berth network inspect NAME" names them; disconnect or remove them first.',
      '"berth network inspect NAME"으로 확인하고 먼저 연결을 끊거나 삭제하십시오.',
    ],
  ),
  message(
    'E1603',
    ['pool overlaps', 'no available network', 'predefined address pools'],
    ['There is no free range of addresses', '사용할 수 있는 주소 범위가 없습니다'],
    [
      'The subnet is in use by another network or by a link of the host, such as a VPN.',
      '서브넷을 다른 네트워크나 VPN 같은 호스트 링크가 쓰고 있습니다.',
    ],
    [
      'Choose one with --subnet, or remove networks: "berth network prune".',
      '--subnet으로 고르거나 "berth network prune"으로 정리하십시오.',
    ],
  ),
  message(
    'E1604',
    ['no such volume', 'volume … not found'],
    ['There is no such volume', '그런 볼륨이 없습니다'],
    ['Nobody made it on this daemon, or it was removed.', '이 데몬에서 만든 적이 없거나 삭제되었습니다.'],
    ['"berth volume ls" lists them.', '"berth volume ls"로 목록을 확인하십시오.'],
  ),
  message(
    'E1605',
    ['volume is in use'],
    ['The volume is in use', '볼륨이 사용 중입니다'],
    ['A container has it, perhaps one that has ended.', '컨테이너가 쓰고 있습니다. 종료된 컨테이너일 수도 있습니다.'],
    [
      '"berth ps -a --filter volume=NAME" names it; remove that container first.',
      '"berth ps -a --filter volume=NAME"으로 찾아 먼저 삭제하십시오.',
    ],
  ),
  message(
    'E1606',
    ['no space left on device', 'disk quota exceeded', 'no room'],
    ['The disk is full', '디스크가 가득 찼습니다'],
    [
      'Images, containers, volumes or the build cache have taken the room of the daemon’s disk.',
      '이미지, 컨테이너, 볼륨 또는 빌드 캐시가 데몬의 디스크를 채웠습니다.',
    ],
    [
      '"berth system df" says what takes how much, "berth system prune" gives room back.',
      '"berth system df"로 사용량을 보고 "berth system prune"으로 정리하십시오.',
    ],
  ),
];
