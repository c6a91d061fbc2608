/**
 * A run's moments as positions and states. `pos` (0 to 1) is where a moment is when the run is paced: order as
 * observed, long gaps shortened and short ones stretched, so that each can be seen. `at` is its true time in ms.
 */
export class Timeline {
  /** @param {{at: number, pos: number, text: string, edges?: string[], nodes?: string[], counts?: object, until?: number, bad?: boolean}[]} moments */
  constructor(moments) {
    this.moments = moments;
  }

  get last() {
    return this.moments.length - 1;
  }

  /** Index of the moment that `pos` has reached. */
  index(pos) {
    let low = 0;
    let high = this.last;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.moments[middle].pos <= pos + 1e-9) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** True time at a paced position. */
  at(pos) {
    const index = this.index(pos);
    const [one, next] = [this.moments[index], this.moments[index + 1]];
    if (!next || next.pos <= one.pos) return one.at;
    return one.at + ((pos - one.pos) / (next.pos - one.pos)) * (next.at - one.at);
  }

  /** Paced position at a true time. */
  pos(at) {
    const after = this.moments.findIndex((moment) => moment.at > at);
    if (after < 0) return 1;
    if (after === 0) return 0;
    const [one, next] = [this.moments[after - 1], this.moments[after]];
    return one.pos + ((at - one.at) / (next.at - one.at)) * (next.pos - one.pos);
  }

  /** What is lit and counted at a position: what is under way, and what this moment has just brought. */
  state(pos) {
    const index = this.index(pos);
    const at = this.at(pos);
    const now = this.moments[index];
    const nodes = new Set(now.nodes);
    const counts = new Map();
    for (const moment of this.moments.slice(0, index + 1)) {
      if (moment.until > at) moment.nodes.forEach((node) => nodes.add(node));
      for (const [node, text] of Object.entries(moment.counts ?? {})) counts.set(node, text);
    }
    return { index, at, moment: now, nodes, edges: new Set(now.edges), counts };
  }
}
