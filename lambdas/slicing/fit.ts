/** Fitting pictures into a box, however their size and shape change. Pure. */

interface Size {
  readonly width: number;
  readonly height: number;
}

/** How far a picture's shape may be from its box before it is one of another shape, and gets bars. */
const SAME_SHAPE = 0.02;

/**
 * Scales each picture into the box, whatever its size and the shape of its pixels are, and however they change. `shape`:
 * width over height of the box as it is shown.
 */
export function fitted({ width, height }: Size, shape = width / height, flags = 'bicubic'): string {
  // How much wider its shape is than the box's; pixels of an absurd shape count as square.
  const wider = `st(0,iw/ih*if(between(sar,0.1,10),sar,1)/${shape})*0`;
  const w = `${wider}+if(lt(ld(0),${1 - SAME_SHAPE}),max(2,2*round(${width}*ld(0)/2)),${width})`;
  const h = `${wider}+if(gt(ld(0),${1 + SAME_SHAPE}),max(2,2*round(${height}/ld(0)/2)),${height})`;
  return `scale=w='${w}':h='${h}':eval=frame:flags=${flags}`;
}

/** Bars where the picture has another shape than its box: what `fitted` leaves free. */
export const barred = ({ width, height }: Size): string => `pad=${width}:${height}:-1:-1:eval=frame`;
