/** Colour scales from few to many, of our own making: quiet at one end, loud at the other. */

type Rgb = readonly [number, number, number];

const SCALES: Record<string, readonly Rgb[]> = {
  Oranges: [[46, 30, 20], [122, 62, 18], [196, 98, 16], [245, 148, 55], [255, 226, 178]],
  Blues: [[20, 30, 50], [24, 62, 118], [38, 108, 190], [96, 164, 232], [206, 230, 252]],
  Greens: [[18, 36, 26], [22, 78, 48], [40, 130, 76], [100, 186, 120], [212, 242, 214]],
  Reds: [[46, 20, 24], [110, 26, 36], [184, 44, 52], [236, 104, 96], [254, 214, 206]],
  Purples: [[32, 24, 48], [68, 44, 116], [110, 76, 180], [162, 134, 222], [228, 218, 248]],
  Turbo: [[48, 18, 59], [50, 130, 230], [60, 220, 140], [240, 200, 50], [190, 30, 20]],
};

/** @param part 0 for few, 1 for many */
export function shade(scheme: string, part: number): string {
  const stops = SCALES[scheme] ?? SCALES['Oranges'] ?? [];
  const place = Math.min(Math.max(part, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(place), stops.length - 2);
  const [a, b] = [stops[low], stops[low + 1]];
  if (!a || !b) {
    return 'transparent';
  }
  const mix = (index: 0 | 1 | 2) => Math.round(a[index] + (b[index] - a[index]) * (place - low));
  return `rgb(${mix(0)}, ${mix(1)}, ${mix(2)})`;
}
