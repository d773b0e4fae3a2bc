/** A panel that fails fails alone. */

import { Component, type ReactNode } from 'react';

import { Problem } from '../query/problem';
import { Failed } from './states';

interface Props {
  /** What is being shown; with something else it may work again. */
  of: unknown;
  children: ReactNode;
}

export class Boundary extends Component<Props, { failed: Error | null }> {
  override state = { failed: null as Error | null };

  static getDerivedStateFromError(failed: Error): { failed: Error } {
    return { failed };
  }

  override componentDidUpdate(before: Props): void {
    if (before.of !== this.props.of && this.state.failed) {
      this.setState({ failed: null });
    }
  }

  override render(): ReactNode {
    const { failed } = this.state;
    return failed ? <Failed problem={new Problem('This panel cannot be drawn', failed.message)} /> : this.props.children;
  }
}
