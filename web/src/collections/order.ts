/** The order of what is in a collection. Pure. */

/** What somebody does to the order, whatever it is by then. Done twice it is as done once. */
export type Step = (order: readonly string[]) => readonly string[];

export const putIn =
  (one: string): Step =>
  (order) =>
    order.includes(one) ? order : [...order, one];

export const takeOut =
  (one: string): Step =>
  (order) =>
    order.filter((other) => other !== one);

/** Right before or right after another; nothing where either is in it no more, or there is no other. */
export const move =
  (one: string, side: 'before' | 'after', other: string | undefined): Step =>
  (order) => {
    if (other === undefined || one === other || !order.includes(one) || !order.includes(other)) return order;
    const rest = order.filter((id) => id !== one);
    return rest.toSpliced(rest.indexOf(other) + (side === 'after' ? 1 : 0), 0, one);
  };
