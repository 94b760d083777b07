/** Every page of operators and staff in a real browser. */
import { isDesk, look } from '../support/axe.ts'
import { allScenes } from '../support/fixtures/index.ts'

look(allScenes.filter(isDesk))
