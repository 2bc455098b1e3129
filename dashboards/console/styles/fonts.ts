/** The files are split by range of characters: a page loads the few that its characters need. */
import '@fontsource/noto-sans-sc/400.css';
import '@fontsource/noto-sans-sc/700.css';
