// Words for made-up names: weather, water and character; people of ships, harbours, maps and computing.
const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const ADJECTIVES = words(`
  amber ample aquatic balmy blithe breezy briny brisk buoyant calm candid clear coastal cobalt crisp deft drifting dusky
  eager early eastern fair fearless fluent fond gallant glad golden hardy hazy honest humble inland ivory jaunty keen
  lively loyal lucid mellow mild misty moored nimble northern patient placid plucky quick ready roaming rugged salty
  serene sheltered silver southern spry steady sunlit swift tidal tranquil trusty upbeat vivid warm wary western windy
`);

export const SURNAMES = words(`
  amundsen baffin banks barentsz beaufort bligh bougainville bowditch brendan cabot cartier chichester cook cousteau
  drake earle erikson fitzroy flinders foch fram frobisher galton gama gray gudrid halley hanno harrison hokule
  hudson humboldt iqaluk jansson jemison joyon kane krusenstern lapita laperouse lovell maury mercator moitessier nansen
  nelson noonan ortelius parry piccard polo pytheas ross scott shackleton slocum tasman tereshkova tupaia vespucci
  wallace weddell worsley xuequin ynes zheng
`);
