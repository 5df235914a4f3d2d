function ( { return [1, }
