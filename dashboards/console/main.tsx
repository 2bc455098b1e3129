import './styles/components.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/pages.css';
import './styles/admin.css';
import './styles/work.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { watchTouches } from './api/presence.ts';
import { createQueryClient } from './api/query-client.ts';
import { App } from './app.tsx';
import { startLanguages } from './locales/language.ts';
import { theme } from './theme.ts';

// their list of character ranges is long: the page need not wait for it
void import('./styles/fonts.ts');
await startLanguages();
watchTouches();
const place = document.getElementById('root');
if (!place) throw new Error('index.html has no #root');

createRoot(place).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={createQueryClient()}>
        <Notifications position="top-center" limit={3} />
        <App />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
