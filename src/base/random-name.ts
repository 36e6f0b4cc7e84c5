// Names for what was given none, of words: weather, water and character; people of ships, harbours, maps and computing.
const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const ADJECTIVES = words(`
  amber ample aquatic balmy blithe breezy briny brisk buoyant calm candid clear coastal cobalt crisp deft drifting dusky
  eager early eastern fair fearless fluent fond gallant glad golden hardy hazy honest humble inland ivory jaunty keen
  lively loyal lucid mellow mild misty moored nimble northern patient placid plucky quick ready roaming rugged salty
  serene sheltered silver southern spry steady sunlit swift tidal tranquil trusty upbeat vivid warm wary western windy
`);

const SURNAMES = words(`
  amundsen baffin banks barentsz beaufort bligh bougainville bowditch brendan cabot cartier chichester cook cousteau
  drake earle erikson fitzroy flinders foch fram frobisher galton gama gray gudrid halley hanno harrison hokule
  hudson humboldt iqaluk jansson jemison joyon kane krusenstern lapita laperouse lovell maury mercator moitessier nansen
  nelson noonan ortelius parry piccard polo pytheas ross scott shackleton slocum tasman tereshkova tupaia vespucci
  wallace weddell worsley xuequin ynes zheng
`);

/**
 * adjective_surname. `random` gives numbers from 0 up to 1. From the second attempt on a digit is added, since a taken
 * name says that many are.
 */
export function randomName(attempt: number, random: () => number = Math.random): string {
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? '';
  const name = `${pick(ADJECTIVES)}_${pick(SURNAMES)}`;
  return attempt === 0 ? name : `${name}${Math.floor(random() * 10)}`;
}
