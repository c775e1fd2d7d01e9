console.log('ragtui');
