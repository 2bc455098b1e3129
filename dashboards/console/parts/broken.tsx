import { Button } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { useLanguage } from '../locales/language.ts';

/** Catches a fault of one page, so that header and navigation stay. React offers this to class components only. */
export class Broken extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? <Apology /> : this.props.children;
  }
}

function Apology() {
  const { t } = useLanguage();
  return (
    <div className="card calm" role="alert">
      <h1>{t('fault.broke')}</h1>
      <p>{t('fault.brokeMore')}</p>
      <Button onClick={() => window.location.reload()}>{t('fault.reload')}</Button>
    </div>
  );
}
