import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red';

/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** @returns colours for a terminal; for a file, a pipe, or where NO_COLOR is set, none. */
export function createPaint(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, { stream });
}

/** @returns the colour of condition `Approved` with this status. */
export function styleOf(status: 'True' | 'False' | 'Unknown' | undefined): Style {
  switch (status) {
    case 'True':
      return 'green';
    case 'False':
      return 'red';
    default:
      return 'yellow';
  }
}
